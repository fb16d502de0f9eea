"""Which of a layer's files are listed with their content: those that say who its users are and
which Debian packages it has, and those that packages add to."""

import posixpath
from enum import Enum, auto
from typing import Callable, FrozenSet, Optional, Set

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.account_files import ACCOUNT_FILES
from lading.image.root.dpkg_status import is_dpkg_status
from lading.image.root.image_tree import ADDED_TO

#: The most bytes that all account files may have, all package databases, and all files that
#: packages add to. No real image has so many.
LIMIT = 4 << 20

# A link may lead to another link.
_MOST_PASSES = 4


class _Purpose(Enum):
    USERS = auto()
    PACKAGES = auto()
    ADDED_TO = auto()


class KeptContent:
    """The kept files of one pass over the layer.

    Kept are all files called `etc/passwd` and so on, at any depth, because `/etc` or the file may
    be a link. If links of such names lead elsewhere, the next pass keeps their targets.
    """

    def __init__(self, wanted: FrozenSet[str] = frozenset(), passes: int = _MOST_PASSES) -> None:
        self._wanted = wanted
        self._targets: Set[str] = set()
        self._left = dict.fromkeys(_Purpose, LIMIT)
        self._passes = passes

    def content(self, member: Entry, read: Callable[[int], bytes]) -> Optional[bytes]:
        """None for a file that is not kept. `read` returns up to the given number of bytes of the
        member's content."""
        purpose = self._purpose(member.path)
        if purpose is None:
            return None
        if member.hardlink:
            self._targets.add(member.hardlink)
        elif member.kind == Kind.FILE:
            if member.size > self._left[purpose]:
                return None
            self._left[purpose] -= member.size
            return read(member.size)
        elif member.kind == Kind.SYMLINK:
            target = posixpath.join("/", posixpath.dirname(member.path), member.target)
            self._targets.add(posixpath.normpath(target).lstrip("/"))
        return None

    def _purpose(self, path: str) -> Optional["_Purpose"]:
        if is_dpkg_status(path):
            return _Purpose.PACKAGES
        if path in ADDED_TO:
            return _Purpose.ADDED_TO
        return _Purpose.USERS if path in self._wanted or _is_account_file(path) else None

    def next_pass(self) -> Optional["KeptContent"]:
        """None if there is nothing left to look for."""
        more = {path for path in self._targets - self._wanted if not _is_account_file(path)}
        if not more or self._passes == 1:
            return None
        return KeptContent(self._wanted | more, self._passes - 1)


def _is_account_file(path: str) -> bool:
    """`path` may be below another root."""
    return "/".join(path.split("/")[-2:]) in ACCOUNT_FILES
