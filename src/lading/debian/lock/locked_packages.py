"""The packages that a list of packages brings in, according to a lock.

It uses only the standard library, for rule code.
"""

from dataclasses import dataclass, field
from typing import Container, Dict, Iterable, List, Optional, Sequence, Tuple

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.closure import closure
from lading.debian.lock.lock import DebianLock, listed, regenerate_command
from lading.values.errors import LadingError


def locked_closure(
    lock: DebianLock,
    architecture: str,
    roots: Sequence[str],
    left_out: Container[str] = frozenset(),
) -> Tuple[BinaryPackage, ...]:
    """`closure`, computed in the lock.

    Raises LadingError if the lock has no such architecture or root, or does not fit the list.
    """
    if architecture not in lock.packages:
        raise LadingError(
            f"The Debian lock `{lock.resolve}` has no packages for {architecture!r}, only for "
            f"{listed(lock.architectures)}. Add it to `architectures` of the lock's "
            f"`debian_lock` target and run {regenerate_command(lock.resolve)}."
        )
    packages = LockedPackages(architecture, lock.packages[architecture], lock.resolve)
    missing = sorted(name for name in set(roots) if packages.named(name) is None)
    if missing:
        raise LadingError(
            f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} not in the Debian lock "
            f"`{lock.resolve}` for {architecture}. Run {regenerate_command(lock.resolve)} to "
            "add what the targets that use the lock, and its `packages`, ask for."
        )
    return closure(packages, roots, left_out)


@dataclass
class LockedPackages:
    """The packages of a lock for one architecture, to choose from."""

    architecture: str
    packages: Iterable[BinaryPackage]
    resolve: str
    _named: Dict[str, BinaryPackage] = field(default_factory=dict)
    _providers: Dict[str, List[BinaryPackage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for package in sorted(self.packages, key=lambda package: package.rank):
            self._named[package.name] = package
            for name in {provided.name for provided in package.provides}:
                self._providers.setdefault(name, []).append(package)

    def named(self, name: str) -> Optional[BinaryPackage]:
        return self._named.get(name)

    def providers(self, name: str) -> Sequence[BinaryPackage]:
        return self._providers.get(name, ())

    def offered(self, _: Iterable[str]) -> str:
        return f"The lock has none: run {regenerate_command(self.resolve)}."
