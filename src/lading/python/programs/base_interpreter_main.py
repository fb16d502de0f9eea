"""Extract what is needed to compile modules from the layers of an image that was pulled, or whose
Python is not from the store:

    base_interpreter_main REQUEST LIBZSTD SEGMENT

REQUEST is the JSON of `BaseInterpreterRequest`. SEGMENT is a tree segment with the program, its
modules and the libraries that it is linked with, or empty if the image does not have the program.
LIBZSTD is the library that `lading.fetch.zstd_library` pins.
"""

import posixpath
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.image_tree import ImageTree
from lading.runtime.program import run
from lading.store.elf import sound_elf
from lading.tar.layer_archive import LayerArchive
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.chunks import chunks
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class BaseInterpreterRequest:
    """CPython 3.`minor` at the path `program`; its libraries are searched in `directories`. Paths
    have no leading slash.

    `layers` are the blobs of the image's layers, lowest first, and `tree` is the JSON of its
    `ImageTree`, as paths below the sandbox.
    """

    program: str
    minor: int
    directories: Tuple[str, ...]
    layers: Tuple[str, ...]
    tree: str


# Compiling does not need these, and they are most of the files.
_NOT_TAKEN = ("dist-packages", "ensurepip", "idlelib", "site-packages", "test", "tests")

_LIBRARY = re.compile(r"(?:lib|ld-).*\.so(?:\..*)?")

# The directory of libraries in the segment, whatever directories and links lead to them in the
# image.
_LIBRARIES = "lib"


def main(argv: List[str]) -> None:
    request_file, libzstd, segment = argv
    request = read_json(BaseInterpreterRequest, Path(request_file))
    tree = read_json(ImageTree, Path(request.tree))
    with tempfile.TemporaryDirectory(dir=".") as directory, open(segment, "wb") as output:
        write_tree_segment(_files(request, tree, libzstd, Path(directory)), output)


def _files(
    request: BaseInterpreterRequest, tree: ImageTree, libzstd: str, scratch: Path
) -> Iterator[TreeFile]:
    program = _real(tree, request.program)
    if program is None:
        return
    modules = dict(_modules(request, tree, program))
    libraries = dict(_libraries(request, tree, program))
    wanted = {program, *modules.values(), *libraries.values()}
    found = _extract(request, tree, libzstd, wanted, scratch)
    if program not in found:
        return
    yield _file(request.program, found[program], 0o755)
    for path, source in modules.items():
        if source in found:
            yield _file(path, found[source], 0o644)
    offered = {name: found[path] for name, path in libraries.items() if path in found}
    for name in _linked(found[program], offered):
        yield _file(f"{_LIBRARIES}/{name}", offered[name], 0o755)


def _real(tree: ImageTree, path: str) -> Optional[str]:
    """The path of the file that a program sees at `path`, through any links."""
    place = tree.locate(f"{path}/.")
    entry = tree.entries.get(place) if place is not None else None
    return place if entry is not None and entry.kind == Kind.FILE else None


def _modules(
    request: BaseInterpreterRequest, tree: ImageTree, program: str
) -> Iterator[Tuple[str, str]]:
    """The modules of the standard library, with their paths in the image; Python finds them beside
    itself."""
    library = f"lib/python3.{request.minor}"
    here, there = (posixpath.join(_prefix(path), library) for path in (request.program, program))
    for path in tree.entries:
        if path.startswith(f"{there}/") and path.endswith(".py"):
            name = path[len(there) + 1 :]
            source = _real(tree, path)
            if source is not None and name.split("/")[0] not in _NOT_TAKEN:
                yield f"{here}/{name}", source


def _libraries(
    request: BaseInterpreterRequest, tree: ImageTree, program: str
) -> Iterator[Tuple[str, str]]:
    """Libraries by name, with their paths in the image; the first directory that has one wins."""
    listed = (posixpath.join(_prefix(program), "lib"), *request.directories)
    # If a key occurs twice, a dictionary keeps the last value.
    for directory in reversed(listed):
        found = tree.directory(directory)
        for path in tree.entries if found is not None else ():
            parent, name = posixpath.split(path)
            if found is not None and parent == found.path and _LIBRARY.fullmatch(name):
                source = _real(tree, path)
                if source is not None:
                    yield name, source


def _prefix(program: str) -> str:
    """The directory whose `bin` has the program."""
    return posixpath.dirname(posixpath.dirname(program))


def _extract(
    request: BaseInterpreterRequest,
    tree: ImageTree,
    libzstd: str,
    wanted: "set[str]",
    scratch: Path,
) -> Dict[str, Path]:
    """The files with the bytes of the `wanted` ones. If several layers have a file, the last one's
    is used."""
    names = {posixpath.basename(path) for path in wanted}
    found: Dict[str, Path] = {}
    for blob in map(Path, request.layers):
        with blob.open("rb") as file:
            reader = BlobReader(libzstd)
            archive = LayerArchive(reader.chunks(file, Compression.of(file)))
            while (member := archive.next_member()) is not None:
                if posixpath.basename(member.path) not in names:
                    continue
                path = tree.locate(member.path)
                if path not in wanted:
                    continue
                if member.hardlink:
                    source = found.get(tree.locate(member.hardlink) or "")
                    if source is not None:
                        found[path] = source
                elif member.kind == Kind.FILE:
                    found[path] = scratch / str(len(found))
                    _write(archive, found[path])
    return found


def _write(archive: LayerArchive, place: Path) -> None:
    with place.open("wb") as output:
        for chunk in chunks(archive):
            output.write(chunk)


def _linked(program: Path, offered: Mapping[str, Path]) -> List[str]:
    """The names of the libraries that the program is linked with, and of its loader."""
    names: List[str] = []
    queue = [program]
    while queue:
        elf = sound_elf(str(queue.pop()))
        if elf is None:
            continue
        loader = [elf.interpreter] if elf.interpreter is not None else []
        for name in map(posixpath.basename, (*loader, *elf.needed)):
            if name in offered and name not in names:
                names.append(name)
                queue.append(offered[name])
    return sorted(names)


def _file(path: str, source: Path, mode: int) -> TreeFile:
    return TreeFile(Entry(path, Kind.FILE, mode), source)


if __name__ == "__main__":
    run(main)
