"""Real store packages for the tests of images."""

import atexit
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable, Mapping, Union

from lading.debian.programs.extract_main import main as extract
from lading.fetch import deflate_library, zstd_library
from lading.fetch.download_cache import DownloadCache
from lading.fetch.fetch_main import fetch
from lading.fetch.pinned_file import PinnedFile
from lading.files.entry import Members
from lading.image.programs.compress_main import main as compress
from lading.image.programs.layer_request import ContentPackage, LayerPackage
from lading.image.root.contents import Content
from lading.runtime.machine import Machine
from lading.store.segment import write_segment
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath

_DEBIAN_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class Program:
    """An executable file's bytes."""

    content: bytes


#: Content by path: bytes of a file, an executable, or a symlink; a trailing slash makes an empty
#: directory.
Tree = Mapping[str, Union[bytes, Program, Link]]


@dataclass(frozen=True)
class Package:
    """A built and compressed store package."""

    layer_package: LayerPackage
    content_package: ContentPackage

    @property
    def path(self) -> StorePath:
        return self.layer_package.path

    @property
    def content(self) -> Content:
        text = Path(self.content_package.members).read_text(encoding="utf-8")
        return Content(self.path, from_json(Members, text).members)


#: Build `<name>` from a tree; its store hash consists of the name's first letter.
MakePackage = Callable[[str, Tree], Package]


def make_package(directory: Path, libdeflate: str, name: str, tree: Tree) -> Package:
    path = StorePath(name[0] * 32, name)
    directory /= path.base
    root = directory / "tree"
    (directory if "" in tree else root).mkdir(parents=True)
    for file_name, content in tree.items():
        _write(root / file_name, file_name.endswith("/"), content)
    with (directory / "segment.tar").open("wb") as output:
        segment = write_segment(root, path, output)
    (directory / "members.json").write_text(to_json(Members(segment.members)))
    tar, blob, layer, members = (
        str(directory / name) for name in ("segment.tar", "blob", "layer.json", "members.json")
    )
    compress([libdeflate, tar, str(path), blob, layer])
    return Package(LayerPackage(path, tar, blob, layer), ContentPackage(path, tar, members))


def find_libdeflate() -> str:
    """The path of the pinned libdeflate, which determines the bytes."""
    return _find_library(deflate_library.LIBRARY, deflate_library.deflate_package)


def find_libzstd() -> str:
    return _find_library(zstd_library.LIBRARY, zstd_library.zstd_package)


@lru_cache(maxsize=None)
def _find_library(name: str, package_of: Callable[[str], PinnedFile]) -> str:
    """Fetched once per process."""
    directory = tempfile.mkdtemp(prefix="lading-library-")
    atexit.register(shutil.rmtree, directory)
    package = package_of(_DEBIAN_ARCHITECTURES[platform.machine()])
    fetch([package], Machine(dict(os.environ)), DownloadCache(f"{directory}/cache"), directory)
    library = f"{directory}/{name}"
    extract([f"{directory}/{package.name}", name, library])
    return library


def _write(file: Path, is_directory: bool, content: Union[bytes, Program, Link]) -> None:
    (file if is_directory else file.parent).mkdir(parents=True, exist_ok=True)
    if isinstance(content, Link):
        file.symlink_to(content.target)
    elif not is_directory:
        file.write_bytes(content.content if isinstance(content, Program) else content)
        file.chmod(0o755 if isinstance(content, Program) else 0o644)
