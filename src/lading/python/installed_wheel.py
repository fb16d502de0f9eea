"""A wheel as PEX keeps it in `.deps`: unpacked as pip installs it, then packed into a zip file."""

import configparser
import json
import posixpath
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, Mapping, Tuple

from lading.errors import LadingError
from lading.image.tree_member import TreeMember
from lading.image.tree_segment import TreeFile
from lading.python.bytecode import is_bytecode
from lading.python.elf_search_path import with_inherited_search_path
from lading.store import members as kinds

_LAYOUT = ".layout.json"
_DEFAULT_STASH = ".prefix"
_ENTRY_POINTS = "entry_points.txt"

# What an installer notes for itself; of them `direct_url.json` may name a place on its machine.
_NOTES = ("REQUESTED", "direct_url.json", "INSTALLER")


@dataclass(frozen=True)
class InstalledWheel:
    """`files` have paths below the directory that is on Python's path. `scripts` are the console
    scripts, `module:function` by name. `has_path_files` tells of `.pth` files, which `site` reads.
    """

    files: Tuple[TreeFile, ...]
    scripts: Mapping[str, str]
    has_path_files: bool


def read_wheel(path: Path) -> InstalledWheel:
    """Without scripts and bytecode. LadingError for what is no such wheel."""
    contents: Dict[str, TreeFile] = {}
    scripts: Dict[str, str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            stash = _stash(archive)
            for info, name in _wanted(archive, stash):
                data = archive.read(info)
                contents[name] = _file(name, info, data)
                if _is_metadata(name) and posixpath.basename(name) == _ENTRY_POINTS:
                    scripts.update(_console_scripts(data.decode("utf-8", "replace")))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise LadingError(
            f"{path.name!r} is no wheel that PEX has installed ({error}). Build the PEX anew."
        ) from error
    return InstalledWheel(
        files=tuple(contents[name] for name in sorted(contents)),
        scripts=dict(sorted(scripts.items())),
        has_path_files=any("/" not in name and name.endswith(".pth") for name in contents),
    )


def _stash(archive: zipfile.ZipFile) -> str:
    """The directory with what does not belong on Python's path."""
    if _LAYOUT not in archive.namelist():
        return _DEFAULT_STASH
    layout = json.loads(archive.read(_LAYOUT))
    return str(layout.get("stash_dir", _DEFAULT_STASH))


def _wanted(archive: zipfile.ZipFile, stash: str) -> Iterator[Tuple[zipfile.ZipInfo, str]]:
    for info in archive.infolist():
        name = info.filename
        parts = name.split("/")
        if info.is_dir() or name == _LAYOUT or parts[0] == stash or is_bytecode(name):
            continue
        if ".." in parts or name.startswith("/"):
            raise ValueError(f"{name!r} leads outside")
        if not (_is_metadata(name) and posixpath.basename(name) in _NOTES):
            yield info, name


def _is_metadata(name: str) -> bool:
    directory = posixpath.dirname(name)
    return directory.endswith(".dist-info") and "/" not in directory


def _file(name: str, info: zipfile.ZipInfo, data: bytes) -> TreeFile:
    attributes = info.external_attr >> 16
    if stat.S_ISLNK(attributes):
        target = data.decode("utf-8")
        return TreeFile(TreeMember(name, kinds.SYMLINK, kinds.LINK_MODE, target=target))
    mode = 0o755 if attributes & stat.S_IXUSR else 0o644
    return TreeFile(TreeMember(name, kinds.FILE, mode), with_inherited_search_path(data))


def _console_scripts(text: str) -> Iterator[Tuple[str, str]]:
    """https://packaging.python.org/specifications/entry-points, File format"""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names have case
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    if parser.has_section("console_scripts"):
        for name, value in parser.items("console_scripts"):
            yield name, value.partition("[")[0].strip()
