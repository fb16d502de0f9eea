"""The packages of an archive for one architecture, from which the lock generator chooses."""

import difflib
from dataclasses import dataclass, field
from typing import Dict, Iterable, Iterator, Mapping, Optional, Sequence, Tuple

from lading.debian.lock.binary_package import BinaryPackage, meets
from lading.debian.lock.lock_request import AskedPackage
from lading.debian.lock.package_index import PackageIndex
from lading.debs.relation import Alternatives
from lading.values.errors import LadingError


@dataclass
class ArchivePackages:
    """Offers one version of each name: the one in `fitting`, or else the one that the user asked
    for, the locked one, or the one that apt would install.

    `locked` are packages that keep their version even if the archive no longer has it.
    """

    architecture: str
    index: PackageIndex
    locked: Mapping[str, BinaryPackage] = field(default_factory=dict)
    asked: Mapping[str, AskedPackage] = field(default_factory=dict)
    fitting: Mapping[str, BinaryPackage] = field(default_factory=dict)
    _versions: Dict[str, Tuple[BinaryPackage, ...]] = field(default_factory=dict)

    def named(self, name: str) -> Optional[BinaryPackage]:
        if name in self.fitting:
            return self.fitting[name]
        return next(iter(self.versions(name)), None)

    def providers(self, name: str) -> Sequence[BinaryPackage]:
        found = (self.named(provider) for provider in self.who_may_be(name))
        providing = (p for p in found if p and any(q.name == name for q in p.provides))
        return sorted(providing, key=lambda package: package.rank)

    def versions(self, name: str) -> Tuple[BinaryPackage, ...]:
        """All versions that may be chosen, in order of preference."""
        if name not in self._versions:
            self._versions[name] = tuple(dict.fromkeys(self._find_versions(name)))
        return self._versions[name]

    def _find_versions(self, name: str) -> Iterator[BinaryPackage]:
        asked = self.asked.get(name, AskedPackage(name))
        known = [*([self.locked[name]] if name in self.locked else []), *self.index.named(name)]
        if asked.suite:
            offered = self.index.of_suite(name, asked.suite)
            known = [package for package in known if package in offered]
        return (p for p in known if asked.version in ("", p.version))

    def who_may_be(self, name: str) -> Tuple[str, ...]:
        """The sorted names of packages that have this name or provide it in some version."""
        found = {name, *self.index.provider_names(name)}
        found.update(
            package.name
            for package in self.locked.values()
            if any(provided.name == name for provided in package.provides)
        )
        return tuple(sorted(found))

    def meeting(self, wanted: Alternatives) -> Iterator[BinaryPackage]:
        """All versions that meet one of `wanted`, in order of preference."""
        for relation in wanted:
            others = (name for name in self.who_may_be(relation.name) if name != relation.name)
            for name in (relation.name, *others):
                for package in self.versions(name):
                    if meets(package, relation, self.architecture):
                        yield package

    def offered(self, names: Iterable[str]) -> str:
        packages = [str(package) for name in names for package in self.index.named(name)]
        return (
            f"The suites have {', '.join(packages) or 'none of that name'}. Add the suite or "
            "component that has it, or do without the root at the end of this chain."
        )

    def check_root(self, name: str) -> None:
        """Raises LadingError if there is no such package."""
        if self.versions(name):
            return
        asked = self.asked.get(name)
        known = ", ".join(package.version for package in self.index.named(name))
        if asked and known:
            raise LadingError(
                f"No suite has the package '{asked}' for {self.architecture}: the versions of "
                f"{name} are {known}. Correct what `packages` of the lock says, or add a suite."
            )
        providers = [package.name for package in self.providers(name)]
        if providers:
            raise LadingError(
                f"{name!r} is a virtual package. Name one of those that provide it: "
                f"{', '.join(map(repr, providers))}."
            )
        close = difflib.get_close_matches(name, list(self.index.names()), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else " Correct its name, or add a suite."
        raise LadingError(f"No suite has a package {name!r} for {self.architecture}.{hint}")
