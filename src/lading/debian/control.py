"""What the archive's `Packages` files say of a package.

python-debian parses the fields and compares versions, always in Python, so that a lock does not
depend on whether apt_pkg is there.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from debian.deb822 import Deb822, PkgRelation
from debian.debian_support import NativeVersion

from lading.digest import Sha256
from lading.errors import LadingError

# deb-control(5) and Debian policy 7.1; `<` and `>` are old forms of `<=` and `>=`.
_OPERATORS = ("<<", "<=", "=", ">=", ">>", "<", ">")

#: Debian policy 2.5, most wanted first.
PRIORITIES = ("required", "important", "standard", "optional", "extra")

_NAME = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Relation:
    """`name:qualifier (operator version)`; the parts that are not there are empty."""

    name: str
    operator: str = ""
    version: str = ""
    qualifier: str = ""

    def __str__(self) -> str:
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        constraint = f" ({self.operator} {self.version})" if self.operator else ""
        return f"{self.name}{qualifier}{constraint}"

    def allows(self, version: str) -> bool:
        if not self.operator:
            return True
        order = compare_versions(version, self.version)
        return {
            "<<": order < 0,
            "<=": order <= 0,
            "<": order <= 0,
            "=": order == 0,
            ">": order >= 0,
            ">=": order >= 0,
            ">>": order > 0,
        }[self.operator]


#: Relations of which one must hold; the first is the preferred one.
Alternatives = Tuple[Relation, ...]


@dataclass(frozen=True)
class BinaryPackage:
    """A paragraph of `Packages`. `depends` has Pre-Depends and Depends in their order,
    `conflicts` has Conflicts and Breaks. `size` in bytes."""

    name: str
    version: str
    architecture: str
    filename: str
    sha256: Sha256
    size: int
    priority: str
    depends: Tuple[Alternatives, ...]
    provides: Tuple[Relation, ...]
    conflicts: Tuple[Relation, ...]


@lru_cache(maxsize=None)
def _version(text: str) -> NativeVersion:
    return NativeVersion(text)


def compare_versions(one: str, other: str) -> int:
    """Negative, zero or positive: deb-version(7), Sorting algorithm."""
    if one == other:
        return 0
    return -1 if _version(one) < _version(other) else int(_version(one) > _version(other))


def parse_relations(package: str, text: str) -> Tuple[Alternatives, ...]:
    """A field like Depends. LadingError, with the name of the package, if it is malformed."""
    groups: List[Alternatives] = []
    for alternatives in PkgRelation.parse_relations(text):
        group = []
        for parsed in alternatives:
            operator, version = parsed["version"] or ("", "")
            # What cannot be parsed comes back whole, as a name.
            if not re.fullmatch(r"[a-zA-Z0-9.+-]*", parsed["name"]) or (
                operator and operator not in _OPERATORS
            ):
                raise LadingError(
                    f"The archive's index has the malformed relation {text!r} for the package "
                    f"{package!r}. Report it to the archive's maintainers."
                )
            if parsed["name"]:
                qualifier = parsed["archqual"] or ""
                group.append(Relation(parsed["name"], operator, version, qualifier))
        if group:
            groups.append(tuple(group))
    return tuple(groups)


class PackageIndex:
    """All packages that an architecture can choose from, of all suites.

    A suite has tens of thousands and a lock uses a hundred, so that paragraphs are found by
    name quickly and parsed when they are asked for.
    """

    def __init__(self, packages_files: Iterable[bytes]) -> None:
        self._paragraphs: Dict[str, List[bytes]] = {}
        self._providers: Dict[str, List[str]] = {}
        self._parsed: Dict[str, Tuple[BinaryPackage, ...]] = {}
        for content in packages_files:
            for paragraph in content.split(b"\n\n"):
                self._add(paragraph)

    def _add(self, paragraph: bytes) -> None:
        name = _NAME.search(paragraph)
        if name is None:
            return
        package = name.group(1).decode("utf-8")
        self._paragraphs.setdefault(package, []).append(paragraph)
        provides = _PROVIDES.search(paragraph)
        if provides is not None:
            for item in provides.group(1).decode("utf-8").split(","):
                virtual = re.split(r"[\s(:]", item.strip())[0]
                self._providers.setdefault(virtual, []).append(package)

    def named(self, name: str) -> Tuple[BinaryPackage, ...]:
        """The real packages of this name, newest first, each version once."""
        if name not in self._parsed:
            by_version: Dict[str, BinaryPackage] = {}
            for paragraph in self._paragraphs.get(name, ()):
                package = _parse(paragraph)
                by_version.setdefault(package.version, package)
            found = sorted(by_version.values(), key=lambda package: _version(package.version))
            self._parsed[name] = tuple(reversed(found))
        return self._parsed[name]

    def providers(self, name: str) -> Tuple[BinaryPackage, ...]:
        """The packages that provide this name: by priority, then name, then newest first."""
        found = [
            package
            for provider in sorted(set(self._providers.get(name, ())))
            for package in self.named(provider)
            if any(provided.name == name for provided in package.provides)
        ]
        return tuple(sorted(found, key=lambda package: _rank(package.priority)))

    def names(self) -> Iterator[str]:
        return iter(self._paragraphs)


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority) if priority in PRIORITIES else len(PRIORITIES)


def _parse(paragraph: bytes) -> BinaryPackage:
    fields: Mapping[str, str] = Deb822(paragraph)
    name = fields["Package"]

    def relations(*keys: str) -> Tuple[Alternatives, ...]:
        texts = (fields.get(key) for key in keys)
        return tuple(group for text in texts if text for group in parse_relations(name, text))

    def required(key: str) -> str:
        value: Optional[str] = fields.get(key)
        if not value:
            raise LadingError(
                f"The archive's index has no `{key}` for the package {name!r}. Report it to the "
                "archive's maintainers."
            )
        return value

    return BinaryPackage(
        name=name,
        version=required("Version"),
        architecture=required("Architecture"),
        filename=required("Filename"),
        sha256=Sha256(required("SHA256")),
        size=int(required("Size")),
        priority=fields.get("Priority", ""),
        depends=relations("Pre-Depends", "Depends"),
        provides=tuple(group[0] for group in relations("Provides")),
        conflicts=tuple(group[0] for group in relations("Conflicts", "Breaks")),
    )
