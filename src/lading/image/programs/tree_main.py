"""Make the files of a target a part of a layer:

    tree_main REQUEST LIBRARY SEGMENT COMPRESSED MEMBERS

REQUEST is the JSON of `TreeRequest`, LIBRARY is the compressor's. SEGMENT is a tree segment,
COMPRESSED its compressed form, MEMBERS the JSON of `Members`.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.files.root_path import check_layer_path
from lading.image.layers.part_files import write_part
from lading.image.root.account_files import AccountFiles
from lading.image.root.archive_files import archive_files
from lading.image.root.file_trees import executable_mode
from lading.image.root.image_tree import ImageTree
from lading.image.root.owner import Owner
from lading.runtime.program import run
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json


@dataclass(frozen=True)
class TreeEntry:
    """A file, or a link if there is a `target`, by its path below the tree."""

    path: str
    is_executable: bool = False
    target: str = ""


@dataclass(frozen=True)
class TreeRequest:
    """Files of a target that are put below `place` of the image, which has no slashes at its ends.

    `entries` lie below the directory `source` of the sandbox; `directories` are empty ones. If
    `unpack` is set, the entries are a single archive. `mode` applies to plain files; None means the
    default. `user` and `group` are names or ids. Names are looked up in the `ImageTree` whose JSON
    is at `tree`, which may be "".
    """

    place: str
    source: str
    entries: Tuple[TreeEntry, ...]
    directories: Tuple[str, ...]
    unpack: bool
    mode: Optional[int]
    user: str
    group: str
    tree: str


_PROGRAM, _PLAIN = 0o755, 0o644


def main(argv: List[str]) -> None:
    request_file, library, *outputs = argv
    request = read_json(TreeRequest, Path(request_file))
    with tempfile.TemporaryDirectory(dir=".") as scratch:
        files = _archived(request, Path(scratch)) if request.unpack else _listed(request)
        write_part(_with_place(request, files), library, outputs)


def _listed(request: TreeRequest) -> Iterator[TreeFile]:
    for path in request.directories:
        yield TreeFile(Entry(path, Kind.DIRECTORY, _PROGRAM))
    for entry in request.entries:
        if entry.target:
            member = Entry(entry.path, Kind.SYMLINK, LINK_MODE, target=entry.target)
            yield TreeFile(member)
        else:
            mode = _PROGRAM if entry.is_executable else _PLAIN
            member = Entry(entry.path, Kind.FILE, mode)
            yield TreeFile(member, Path(request.source, entry.path))


def _archived(request: TreeRequest, scratch: Path) -> Iterator[TreeFile]:
    if len(request.entries) != 1:
        raise LadingError(
            f"`files` unpacks the source of '/{request.place}/', which has "
            f"{len(request.entries)} files instead of one archive. Name an `archive`, or leave "
            "`unpack` out."
        )
    return archive_files(Path(request.source, request.entries[0].path), scratch)


def _with_place(request: TreeRequest, files: Iterator[TreeFile]) -> List[TreeFile]:
    """The files with their paths, owners and modes in the image, and all directories from `place`
    down. The parents of `place` are left out, since they belong to nobody in particular."""
    uid, gid = _owner(request)
    plain = _PLAIN if request.mode is None else request.mode
    program = _PROGRAM if request.mode is None else executable_mode(plain)
    found = {}
    for file in files:
        member = file.member
        path = f"{request.place}/{member.path}"
        check_layer_path("files", f"/{path}")
        mode = {Kind.SYMLINK: LINK_MODE, Kind.DIRECTORY: program}.get(
            member.kind, program if member.mode == _PROGRAM else plain
        )
        hardlink = f"{request.place}/{member.hardlink}" if member.hardlink else ""
        placed = replace(member, path=path, mode=mode, uid=uid, gid=gid, hardlink=hardlink)
        found[path] = replace(file, member=placed, has_content_time=True)
    for path in [request.place, *found]:
        while len(path) >= len(request.place):
            directory = Entry(path, Kind.DIRECTORY, program, uid, gid)
            found.setdefault(path, TreeFile(directory))
            path = path.rpartition("/")[0]
    return list(found.values())


def _owner(request: TreeRequest) -> Tuple[int, int]:
    accounts = AccountFiles()
    if request.tree:
        text = Path(request.tree).read_text(encoding="utf-8")
        accounts = from_json(ImageTree, text).accounts
    owner = Owner(request.user, request.group)
    return owner.resolve("files", f"/{request.place}/", accounts)


if __name__ == "__main__":
    run(main)
