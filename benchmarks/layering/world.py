"""Images and the packages that they are made of, while both change."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, List, Mapping, Set, Tuple

CLOSURES = Path(__file__).with_name("closures.json")

# Bytes of the first-party programs, in turn.
_PROGRAM_SIZES = (150_000, 900_000, 3_000_000, 12_000_000, 30_000, 25_000_000)


@dataclass(frozen=True)
class Package:
    """`size` is in compressed bytes. A change of its own or of what it refers to makes another
    `version`: its path in the store is another, and so is whatever has that path in it."""

    name: str
    source: str
    size: int
    references: FrozenSet[str]
    version: int = 0


@dataclass
class World:
    """`images` has the package that the image starts with."""

    packages: Dict[str, Package]
    images: Dict[str, str]
    closures: Dict[str, FrozenSet[str]] = field(default_factory=dict)

    @classmethod
    def of_services(cls) -> "World":
        """Real software, with a first-party program and an entrypoint on it in each image; half of
        the programs have a library of the company's, a third of them its data."""
        document = json.loads(CLOSURES.read_text(encoding="utf-8"))
        world = cls({}, {})
        for fields in document["packages"]:
            references = frozenset(fields["references"])
            world.add(Package(fields["name"], fields["source"], fields["size"], references))
        world.add(Package("platform-lib", "platform-lib", 400_000, frozenset(["openssl"])))
        world.add(Package("platform-data", "platform-data", 6_000_000, frozenset()))
        for number, (image, roots) in enumerate(sorted(document["images"].items())):
            program, entrypoint = f"{image}-program", f"{image}-entrypoint"
            needed = {*roots, *(["platform-lib"] if number % 2 == 0 else [])}
            needed |= {"platform-data"} if number % 3 == 0 else set()
            size = _PROGRAM_SIZES[number % len(_PROGRAM_SIZES)]
            world.add(Package(program, program, size, frozenset(needed)))
            world.add(Package(entrypoint, entrypoint, 600, frozenset([program])))
            world.images[image] = entrypoint
        world.changed()
        return world

    def add(self, package: Package) -> None:
        self.packages[package.name] = package

    def changed(self) -> None:
        """To be called after each change."""
        self.closures = {image: self.closure(root) for image, root in self.images.items()}

    def closure(self, root: str) -> FrozenSet[str]:
        found: Set[str] = set()
        pending = [root]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(self.packages[name].references)
        return frozenset(found)

    def release(self, *names: str) -> None:
        """New versions, a little larger or smaller, and all that refers to them is rebuilt."""
        for name in self._referrers(names):
            package = self.packages[name]
            self.add(replace(package, version=package.version + 1))
        for name in names:
            package = self.packages[name]
            factor = random.Random(f"{name} {package.version}").uniform(0.97, 1.04)
            self.add(replace(package, size=int(package.size * factor)))
        self.changed()

    def release_source(self, source: str) -> None:
        self.release(*sorted(p.name for p in self.packages.values() if p.source == source))

    def refer(self, name: str, references: Iterable[str]) -> None:
        """A release of a package that refers to these instead of what it did."""
        self.add(replace(self.packages[name], references=frozenset(references)))
        self.release(name)

    def _referrers(self, names: Iterable[str]) -> Set[str]:
        by_reference: Mapping[str, List[str]] = defaultdict(list)
        for package in self.packages.values():
            for reference in package.references:
                by_reference[reference].append(package.name)
        found: Set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(by_reference[name])
        return found

    def blob(self, group: Iterable[str]) -> Tuple[Tuple[str, int], ...]:
        """What a layer of these packages has; equal ones are one blob."""
        return tuple(sorted((name, self.packages[name].version) for name in group))

    def size(self, group: Iterable[str]) -> int:
        return sum(self.packages[name].size for name in group)
