"""A build root: Debian packages unpacked onto a merged /usr, in which builds run.

It uses only the standard library. The tree depends only on the packages and alternatives.
"""

import filecmp
import json
import multiprocessing
import os
import posixpath
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterable, Iterator, Mapping, Sequence

from lading.cache.cached_tree import cached_tree
from lading.cache.workplace import workplace
from lading.debs.alternatives import ALTERNATIVES, settle
from lading.debs.unpack import MERGED, MTIME, Unpacked, absolute, unpack
from lading.files.kind import Kind
from lading.runtime.parent_process import die_with
from lading.values.digest import Sha256
from lading.values.errors import LadingError

#: Incremented when the same packages give another tree than before.
FORMAT_VERSION = 2

#: The directories that builds see. A link here would show them one of the machine's directories.
SHOWN = ("usr", "etc")

#: Decompression takes most of the time, and small machines have two cores.
_PROCESSES = 2


def build_root_hash(packages: Iterable[Sha256], alternatives: Mapping[str, str]) -> Sha256:
    """Identifies the build root made of these `.deb` files, in any order."""
    fields = {
        "version": FORMAT_VERSION,
        "packages": sorted(package.hex for package in packages),
        "alternatives": dict(alternatives),
        "table": dict(ALTERNATIVES),
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return Sha256.of(text.encode("utf-8"))


def ensure_build_root(
    cache: Path, debs: Mapping[Sha256, Path], alternatives: Mapping[str, str]
) -> Path:
    """The build root of these packages in the directory `cache`, unpacked on first use.

    Raises LadingError for a file with the wrong digest. See `cached_tree` for what happens if
    several processes ask at once, one is killed, or the tree is damaged.
    """

    def make(tree: Path) -> None:
        for digest, deb in debs.items():
            _check_digest(deb, digest)
        assemble(list(debs.values()), tree, alternatives)

    return cached_tree(cache, cache / "roots" / build_root_hash(debs, alternatives).hex, make)


def _check_digest(deb: Path, digest: Sha256) -> None:
    found = Sha256.of_file(deb)
    if found != digest:
        raise LadingError(
            f"The Debian package {deb.name} is damaged: its digest is {found.hex}, not "
            f"{digest.hex}. Pants' store is damaged (`local_store_dir` in [GLOBAL]): remove it, "
            "and run this again."
        )


def assemble(debs: Sequence[Path], destination: Path, alternatives: Mapping[str, str]) -> None:
    """Unpack the packages to `destination`, which then has `usr`, `etc` and the links `bin`, `lib`
    and so on. It appears at once and complete; if it already exists it stays unchanged.

    `alternatives` are explained at `lading.debs.alternatives.settle`. Raises LadingError for a file
    that is not a package, and for two packages that have the same path with different contents.
    """
    with workplace(destination) as working:
        tree = _Tree(working / "root")
        for unpacked in _unpack_all(debs, working):
            tree.add(unpacked)
        for link, target in sorted(settle(alternatives, tree.exists).items()):
            tree.link(link, target)
        tree.finish()
        try:
            os.rename(tree.root, destination)
        except OSError:
            if not destination.is_dir():
                raise


def _unpack_all(debs: Sequence[Path], working: Path) -> Iterator[Unpacked]:
    """Unpack each package into its own tree, the biggest first so that no process is idle at the
    end."""
    ordered = sorted(debs, key=lambda path: (-path.stat().st_size, path.name))
    places = [working / str(number) for number in range(len(ordered))]
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(_PROCESSES, fork, die_with, (os.getpid(),)) as pool:
        yield from pool.map(unpack, ordered, places)


@dataclass
class _Tree:
    """The tree while the files of packages are moved into it. `kinds` and `owners` are by path
    below `root`."""

    root: Path
    kinds: Dict[str, Kind] = field(default_factory=dict)
    owners: Dict[str, Unpacked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root.mkdir()

    def exists(self, path: str) -> bool:
        return path in self.kinds

    def add(self, package: Unpacked) -> None:
        for path, kind in package.kinds.items():
            if path not in self.kinds:
                if kind == Kind.DIRECTORY:
                    os.mkdir(absolute(self.root, path))
                else:
                    os.rename(absolute(package.root, path), absolute(self.root, path))
                self.kinds[path] = kind
                self.owners[path] = package
            elif (kind, self.kinds[path]) != (Kind.DIRECTORY, Kind.DIRECTORY):
                self._settle(path, package)

    def _settle(self, path: str, package: Unpacked) -> None:
        """`package` has a file or link at a path of another package: decide which one stays."""
        owner = self.owners[path]
        if self._same(path, package):
            return
        if Kind.DIRECTORY not in (self.kinds[path], package.kinds[path]):
            if package.name in owner.replaces:
                return
            if owner.name in package.replaces:
                os.replace(absolute(package.root, path), absolute(self.root, path))
                self.kinds[path] = package.kinds[path]
                self.owners[path] = package
                return
        first, second = sorted((owner.name, package.name))
        raise LadingError(
            f"The Debian packages `{first}` and `{second}` both have /{path}, with different "
            "contents. Remove one of them from `debian_packages`."
        )

    def _same(self, path: str, package: Unpacked) -> bool:
        kind = package.kinds[path]
        if kind != self.kinds[path]:
            return False
        ours, theirs = absolute(self.root, path), absolute(package.root, path)
        if kind == Kind.SYMLINK:
            return os.readlink(ours) == os.readlink(theirs)
        return filecmp.cmp(os.fsdecode(ours), os.fsdecode(theirs), shallow=False)

    def link(self, path: str, target: str) -> None:
        """Make `path` a relative link to `target`, replacing an existing file or link."""
        directory = posixpath.dirname(path)
        self._make_directory(path, directory)
        if self.kinds.get(path) == Kind.DIRECTORY or path in SHOWN:
            raise _no_place(path, path, "a directory")
        place = absolute(self.root, path)
        if path in self.kinds:
            os.unlink(place)
        os.symlink(os.fsencode(posixpath.relpath(target, directory)), place)
        os.utime(place, (MTIME, MTIME), follow_symlinks=False)
        self.kinds[path] = Kind.SYMLINK

    def _make_directory(self, link: str, path: str) -> None:
        if path and path not in self.kinds:
            self._make_directory(link, posixpath.dirname(path))
            os.mkdir(absolute(self.root, path))
            self.kinds[path] = Kind.DIRECTORY
        elif path and self.kinds[path] != Kind.DIRECTORY:
            raise _no_place(link, path, f"a {self.kinds[path].value}")

    def finish(self) -> None:
        """Create the links at the root, and restore the modes and times that the umask and moving
        changed."""
        for path in SHOWN:
            if self.kinds.get(path, Kind.DIRECTORY) != Kind.DIRECTORY:
                raise LadingError(
                    f"The Debian package `{self.owners[path].name}` has /{path} as a "
                    f"{self.kinds[path].value}, and builds would see what it leads to. Use a "
                    "package of a Debian archive."
                )
        for name in MERGED:
            if f"usr/{name}" in self.kinds:
                place = absolute(self.root, name)
                os.symlink(os.fsencode(f"usr/{name}"), place)
                os.utime(place, (MTIME, MTIME), follow_symlinks=False)
        directories = [path for path, kind in self.kinds.items() if kind == Kind.DIRECTORY]
        for path in ["", *directories]:
            place = absolute(self.root, path)
            os.chmod(place, 0o755)
            os.utime(place, (MTIME, MTIME))


def _no_place(link: str, path: str, kind: str) -> LadingError:
    return LadingError(
        f"`alternatives` has the link '/{link}', but /{path} is {kind} of the packages. Name a "
        "link at another place."
    )
