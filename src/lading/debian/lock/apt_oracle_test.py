"""Compares the resolver with apt itself; benchmarks/debian_against_apt.py does this with Debian."""

import random
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import pytest

from lading.debian.lock.apt_testing import Apt
from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.archive_testing import packages_file, paragraph
from lading.debian.lock.closure import UnmetError, choice
from lading.debian.lock.package_index import IndexFile, PackageIndex

WORLDS = 24


class World:
    """Eight packages that depend on, provide and conflict with one another at random."""

    def __init__(self, number: int) -> None:
        self._source = random.Random(number)
        self.names = [f"w{number}{letter}" for letter in "abcdefgh"]
        # Only one package provides it, because apt takes any of several equal ones.
        self._virtual = f"w{number}virtual"
        provider = self._source.choice(self.names)
        self.paragraphs = [self._package(name, name == provider) for name in self.names]
        self.roots = self._source.sample(self.names, self._source.randint(1, 3))

    def _package(self, name: str, provides: bool) -> str:
        fields: Dict[str, str] = {}
        groups = [self._alternatives() for _ in range(self._source.choice([0, 0, 1, 1, 2]))]
        if groups:
            fields["Depends"] = ", ".join(groups)
        if self._source.random() < 0.2:
            fields["Pre_Depends"] = self._relation()
        if self._source.random() < 0.2:
            fields[self._source.choice(["Conflicts", "Breaks"])] = self._relation()
        if self._source.random() < 0.3:
            fields["Multi_Arch"] = "allowed"
        if provides:
            fields["Provides"] = self._virtual + self._source.choice(["", " (= 1)", " (= 2)"])
        return paragraph(name, self._source.choice("12"), **fields)

    def _alternatives(self) -> str:
        return " | ".join(self._relation() for _ in range(self._source.choice([1, 1, 2, 3])))

    def _relation(self) -> str:
        name = self._source.choice([*self.names, self._virtual])
        if self._source.random() < 0.1:
            operator = self._source.choice([">=", "<<", "=", ">>", "<="])
            return f"{name} ({operator} {self._source.choice('123')})"
        return f"{name}:any" if self._source.random() < 0.05 else name


def ours(packages: ArchivePackages, roots: Sequence[str]) -> Optional[Dict[str, str]]:
    try:
        return {package.name: package.version for package in choice(packages, roots)}
    except UnmetError:
        return None


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> "Tuple[List[World], Apt, PackageIndex]":
    made = [World(number) for number in range(WORLDS)]
    file = IndexFile(packages_file(*(text for world in made for text in world.paragraphs)), "sid")
    apt = Apt(tmp_path_factory.mktemp("apt")).update([file])
    return made, apt, PackageIndex([file])


@pytest.mark.parametrize("number", range(WORLDS))
def test_the_answer_is_apt_s(worlds: "Tuple[List[World], Apt, PackageIndex]", number: int) -> None:
    made, apt, index = worlds
    roots = made[number].roots
    answer, theirs = ours(ArchivePackages("amd64", index), roots), apt.install(roots)
    if theirs is None and answer is not None:
        # apt never undoes a choice, but our answer must be right for it too.
        theirs = apt.install(sorted(answer))
    assert answer == theirs


def test_the_version_is_apt_s(tmp_path: Path) -> None:
    stable = [paragraph("aa"), paragraph("bb", Depends="lib"), paragraph("lib", "1.0-0")]
    backports = [paragraph("aa", "2.0"), paragraph("cc", Depends="lib"), paragraph("lib", "2")]
    security = [paragraph("lib", "1.0-0+u1"), paragraph("lib", "1.0-0~u1")]
    files = [
        IndexFile(packages_file(*stable), "stable"),
        IndexFile(packages_file(*security), "security"),
        IndexFile(packages_file(*backports), "backports", 100),
        IndexFile(packages_file(paragraph("aa", "3.0"), paragraph("dd")), "experimental", 1),
    ]
    apt, packages = Apt(tmp_path).update(files), ArchivePackages("amd64", PackageIndex(files))
    for root in ("aa", "bb", "cc", "dd"):
        answer = ours(packages, [root])
        assert answer is not None
        assert answer == apt.install([root])
