"""Checks that an image has the programs that its config names.

    cmd=["{//3rdparty/hello}/bin/nope"]
    entrypoint=["/usr/bin/java"]

would otherwise fail only when somebody starts a container.
"""

import difflib
import posixpath
from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Optional, Sequence

from lading.files.container_path import is_mounted, shown
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.root.image_tree import ImageTree
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR, StorePath

#: Where runtimes look for programs if an image's environment has no PATH.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: The field for paths whose content is not in the image.
MOUNTS_FIELD = "runtime_mounts"

_EXECUTE = 0o111
_MISSING = "which is in no layer of the image"
_STORE = STORE_DIR.lstrip("/")


class MembersNeeded(Exception):  # a question rather than an error
    """The check needs the members of `package` to continue."""

    def __init__(self, package: StorePath) -> None:
        super().__init__(package)
        self.package = package


@dataclass(frozen=True)
class ImageContents:
    """Everything in an image. `packages` are its packages, with their members if they are known."""

    tree: ImageTree
    packages: Mapping[StorePath, Optional[Mapping[str, Entry]]]

    def at(self, path: str) -> Optional[Entry]:
        """What is at a path without leading slash and without links among its parents."""
        name, _, rest = path[len(_STORE) + 1 :].partition("/")
        if not path.startswith(f"{_STORE}/") or not name:
            return self.tree.entries.get(path)
        package = next((package for package in self.packages if package.base == name), None)
        if package is None:
            return None
        members = self.packages[package]
        if members is None:
            raise MembersNeeded(package)
        return members.get(rest)

    def is_link(self, path: str) -> bool:
        place = follow(path, self._target)
        found = None if place is None else self.at(place)
        return found is not None and found.kind == Kind.SYMLINK

    def place(self, path: str) -> str:
        """Where `path` leads through all links; `path` itself if there are too many."""
        place = follow(f"{path}/.", self._target)
        return path.lstrip("/") if place is None else place

    def _target(self, path: str) -> Optional[str]:
        found = self.at(path)
        return found.target if found is not None and found.kind == Kind.SYMLINK else None

    def programs(self) -> Iterator[str]:
        """The paths of all possible programs, as far as they are known."""
        for path, entry in self.tree.entries.items():
            if _may_run(entry):
                yield f"/{path}"
        for package, members in self.packages.items():
            for path, member in (members or {}).items():
                if _may_run(member):
                    yield f"{package}/{path}"


def _may_run(found: Entry) -> bool:
    return found.kind == Kind.SYMLINK or (found.kind == Kind.FILE and bool(found.mode & _EXECUTE))


@dataclass(frozen=True)
class ProgramSearch:
    """Finds programs as a runtime does. Everything at or below one of `mounts` is assumed to
    exist."""

    contents: ImageContents
    path: str
    working_dir: str
    mounts: Sequence[str]

    def check(self, where: str, program: str) -> None:
        """Raises a LadingError that begins with `where`, unless the image has `program`.

        Raises `MembersNeeded` if the answer is not known yet.
        """
        reasons = [self._reason_against(path) for path in self._paths(program)]
        if None in reasons:
            return
        missing = _MISSING
        if "/" not in program:
            missing = f"which is in no directory of `PATH`, {shown(self.path, 160)}"
        # A file that exists but can't be run is more informative than missing files.
        reason = next((one for one in reasons if one != _MISSING), missing)
        raise LadingError(f"{where}, {reason}. {self._remedy(program)}")

    def _paths(self, program: str) -> Sequence[str]:
        """The paths at which a runtime looks for it."""
        if "/" in program:
            return [_normal(posixpath.join("/", self.working_dir, program))]
        directories = [_normal(directory) for directory in self.path.split(":") if directory]
        return [posixpath.join(directory, program) for directory in directories]

    def _reason_against(self, path: str) -> Optional[str]:
        """Why a runtime can't run `path`; None if it can, or if that is not known."""
        place = self.contents.place(path)
        full = f"/{place}"
        if any(self._is_mounted(one) for one in (path, full)):
            return None
        found, is_link = self.contents.at(place), self.contents.is_link(path)
        if found is None or found.kind == Kind.SYMLINK:
            return f"which is a link to {full!r}, where nothing is" if is_link else _MISSING
        what = f"which is a link to {full!r}, and that" if is_link else "which"
        if found.kind == Kind.DIRECTORY:
            return f"{what} is a directory"
        if found.kind == Kind.FILE and not found.mode & _EXECUTE:
            return f"{what} is not executable: its mode is {found.mode:04o}"
        return None

    def _is_mounted(self, path: str) -> bool:
        return is_mounted(path) or any(_is_below(path, mount) for mount in self.mounts)

    def _remedy(self, program: str) -> str:
        near = ", ".join(self._like(program))
        words = "Write each argument as a string of its own. " if " " in program.strip() else ""
        found = f"The image has {near}. " if near else ""
        return (
            f"{found}{words}Name a program that is in the image, or add what is mounted when a "
            f"container runs to `{MOUNTS_FIELD}`."
        )

    def _like(self, program: str) -> Sequence[str]:
        """Programs with the same name, or else with a similar one."""
        paths = sorted(self.contents.programs(), key=lambda path: (len(path), path))
        by_name: Dict[str, str] = {}
        for path in paths:
            by_name.setdefault(posixpath.basename(path), path)
        name = posixpath.basename(program)
        same = [path for path in paths if posixpath.basename(path) == name and path != program]
        near = difflib.get_close_matches(name, by_name, n=3)
        return same[:3] or [by_name[one] for one in near if by_name[one] != program]


def _normal(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def _is_below(path: str, directory: str) -> bool:
    return (path + "/").startswith(directory.rstrip("/") + "/")
