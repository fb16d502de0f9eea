"""Trees of files laid over each other, and over the files that an image already has.

Everything is planned, and every conflict found, before a byte is written.
"""

import posixpath
from dataclasses import dataclass, replace
from typing import Callable, Dict, Mapping, Optional, Sequence, Set, Tuple

from lading.files.entry import DIRECTORY_MODE, Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.layers.layer_writer import SegmentFiles
from lading.image.root.image_tree import ImageTree, described
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR

_STORE = STORE_DIR.lstrip("/")


@dataclass(frozen=True)
class TreePart:
    """Errors call it `name`. `members` are those of the segment, and directories."""

    name: str
    files: SegmentFiles
    members: Tuple[Entry, ...]


#: Decides which of two parts wins if they have different members at a path; None if neither may.
Settle = Callable[[str, TreePart, TreePart], Optional[TreePart]]


def nobody_gives_way(path: str, first: TreePart, second: TreePart) -> Optional[TreePart]:
    return None


@dataclass(frozen=True)
class PlannedParts:
    """`places` says for each part, by its position, where the members of its segment go that are in
    the layer; None if the segment is used unchanged. `head` is what the layer has besides segments,
    parents first. `image` is the whole tree, with what was there before.
    """

    places: Tuple[Optional[Mapping[str, str]], ...]
    head: Tuple[Entry, ...]
    image: ImageTree


def plan_parts(
    parts: Sequence[TreePart],
    base: ImageTree,
    own: Sequence[Entry] = (),
    settle: Settle = nobody_gives_way,
) -> PlannedParts:
    """Plan the parts and `own` on top of `base`.

    `own` replaces members of parts. Files and links of the base may be replaced; its directories
    may not, and they keep owner and mode. Paths go through the links of base and parts: where /bin
    is a link to usr/bin, a file in bin lands in usr/bin. If two parts have the same member at a
    path, the first one's is taken. Raises LadingError for any conflict.
    """
    plan = _Plan(parts, base, own, settle)
    for entry in own:
        plan.add_own(entry)
    for number, part in enumerate(parts):
        for member in part.members:
            plan.add(number, member)
    return plan.planned()


class _Plan:
    def __init__(
        self,
        parts: Sequence[TreePart],
        base: ImageTree,
        own: Sequence[Entry],
        settle: Settle,
    ) -> None:
        self._parts = parts
        self._base = base
        self._settle = settle
        self._links = _links(parts, own)
        self._entries: Dict[str, Entry] = {}
        self._own: Dict[str, Entry] = {}
        # By place: the part that has it, and its member.
        self._members: Dict[str, Tuple[int, Entry]] = {}
        self._directories: Dict[str, Tuple[str, Entry]] = {}
        # Directories of the image itself, whose owners and modes are final.
        self._own_directories: Set[str] = set()

    def add_own(self, entry: Entry) -> None:
        name = "the image"
        if entry.kind == Kind.DIRECTORY:
            self._own_directories.add(self._add_directory(name, entry))
            return
        place = self._place(name, entry.path)
        self._check_base(name, place)
        self._own[place] = replace(entry, path=place)

    def add(self, number: int, member: Entry) -> None:
        part = self._parts[number]
        if member.is_directory:
            self._add_directory(part.name, member)
            return
        place = self._place(part.name, member.path)
        if place in self._own:
            return
        self._check_base(part.name, place)
        present = self._members.get(place)
        if present is not None and not self._gives_way(place, present, number, member):
            return
        self._members[place] = (number, member)

    def planned(self) -> PlannedParts:
        entries = {place: described(member, place) for place, (_, member) in self._members.items()}
        entries.update(self._own)
        head = dict(self._own)
        for path in (*entries, *self._directories):
            self._add_parents(path)
        for place, (name, directory) in self._directories.items():
            if place in entries:
                raise _conflict(name, place, "is a directory in one and not in the other")
            head[place] = directory
        in_image = {path: described(entry, path) for path, entry in {**entries, **head}.items()}
        return PlannedParts(
            places=tuple(self._places(number) for number in range(len(self._parts))),
            head=tuple(sorted(head.values(), key=lambda entry: entry.sort_key)),
            image=replace(self._base, entries={**self._base.entries, **in_image}),
        )

    def _places(self, number: int) -> Optional[Mapping[str, str]]:
        places = {
            member.path: place
            for place, (owner, member) in self._members.items()
            if owner == number
        }
        in_segment = [member for member in self._parts[number].members if not member.is_directory]
        if len(places) == len(in_segment) and all(old == new for old, new in places.items()):
            return None
        return places

    def _gives_way(
        self, place: str, present: Tuple[int, Entry], number: int, member: Entry
    ) -> bool:
        """Whether the existing member gives way to `member`."""
        first, second = self._parts[present[0]], self._parts[number]
        if _visible(present[1]) == _visible(member):
            return False
        winner = self._settle(place, first, second)
        if winner is None:
            raise LadingError(
                f"{first.name} and {second.name} both have /{place}, with different contents. "
                "Leave out one of them."
            )
        return winner is second

    def _add_directory(self, name: str, entry: Entry) -> str:
        """The directory's real location, "" for the root."""
        place = follow(f"{entry.path}/.", self._link_target)
        if place is None:
            raise _conflict(name, entry.path, "leads through an endless chain of links")
        if not place:
            return ""
        self._refuse_store(name, place)
        in_base = self._base.entries.get(place)
        if in_base is not None:
            if in_base.kind != Kind.DIRECTORY:
                raise _conflict(name, place, "is not a directory in the base")
            entry = in_base
        placed = replace(entry, path=place)
        present = self._directories.get(place)
        is_free = place not in self._own_directories and (present is None or _is_usual(present[1]))
        if is_free and (present is None or not _is_usual(placed)):
            self._directories[place] = (name, placed)
        return place

    def _add_parents(self, path: str) -> None:
        while path := posixpath.dirname(path):
            if path not in self._directories:
                in_base = self._base.entries.get(path)
                entry = in_base or Entry.directory(path)
                if entry.kind != Kind.DIRECTORY:
                    raise _conflict("the layer", path, "is not a directory in the base")
                self._directories[path] = ("the layer", entry)

    def _place(self, name: str, path: str) -> str:
        place = follow(path, self._link_target)
        if not place:
            raise _conflict(name, path, "leads nowhere")
        self._refuse_store(name, place)
        return place

    def _refuse_store(self, name: str, place: str) -> None:
        if place.split("/")[0] == _STORE:
            raise _conflict(name, place, "would be among store packages")

    def _check_base(self, name: str, place: str) -> None:
        in_base = self._base.entries.get(place)
        if in_base is not None and in_base.kind == Kind.DIRECTORY:
            raise _conflict(name, place, "is a directory in the base")

    def _link_target(self, path: str) -> Optional[str]:
        if path in self._links:
            return self._links[path]
        entry = self._base.entries.get(path)
        return entry.target if entry is not None and entry.kind == Kind.SYMLINK else None


def _links(parts: Sequence[TreePart], own: Sequence[Entry]) -> Dict[str, str]:
    links = {
        member.path: member.target for part in parts for member in part.members if member.is_symlink
    }
    links.update({entry.path: entry.target for entry in own if entry.kind == Kind.SYMLINK})
    return links


def _visible(member: Entry) -> Entry:
    """What programs see of it."""
    return replace(member, path="", hardlink="", mtime=1)


def _is_usual(directory: Entry) -> bool:
    return (directory.mode, directory.uid, directory.gid) == (DIRECTORY_MODE, 0, 0)


def _conflict(name: str, path: str, what: str) -> LadingError:
    return LadingError(f"{name} has /{path}, which {what}. Leave it out, or choose another base.")
