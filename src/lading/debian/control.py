"""What the archive's `Packages` files say of a package.

python-debian parses the paragraphs.
"""

import re
from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Mapping, Tuple

from debian.deb822 import Deb822

from lading.debian.relation import Alternatives, Relation, parse_relations
from lading.debian.version import version_key
from lading.digest import Sha256
from lading.errors import LadingError
from lading.foreign_text import shown

#: Debian policy 2.5, most wanted first.
PRIORITIES = ("required", "important", "standard", "optional", "extra")

# deb-version(7), deb-control(5)
_VERSION = "[0-9]+:[A-Za-z0-9.+~:-]+|[A-Za-z0-9.+~-]+"
_ARCHITECTURE = "[a-z0-9-]+"

_NAME = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)


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
        package = name.group(1).decode("utf-8", "replace")
        self._paragraphs.setdefault(package, []).append(paragraph)
        provides = _PROVIDES.search(paragraph)
        if provides is not None:
            for item in provides.group(1).decode("utf-8", "replace").split(","):
                virtual = re.split(r"[\s(:]", item.strip())[0]
                self._providers.setdefault(virtual, []).append(package)

    def named(self, name: str) -> Tuple[BinaryPackage, ...]:
        """The real packages of this name, newest first, each version once."""
        if name not in self._parsed:
            by_version: Dict[str, BinaryPackage] = {}
            for paragraph in self._paragraphs.get(name, ()):
                package = _parse(paragraph)
                by_version.setdefault(package.version, package)
            found = sorted(by_version.values(), key=lambda package: version_key(package.version))
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
    fields: Mapping[str, str] = Deb822(paragraph.decode("utf-8", "replace"))
    name = fields["Package"]

    def relations(*keys: str) -> Tuple[Alternatives, ...]:
        texts = (fields.get(key) for key in keys)
        return tuple(group for text in texts if text for group in parse_relations(name, text))

    def fault(what: str) -> LadingError:
        return LadingError(
            f"The archive's index {what} for the package {shown(name)!r}. Report it to the "
            "archive's maintainers."
        )

    def required(key: str, pattern: str = ".+") -> str:
        value: str = fields.get(key, "")
        if not value:
            raise fault(f"has no `{key}`")
        if not re.fullmatch(pattern, value):
            raise fault(f"has the `{key}` {shown(value)!r}, which can't be one,")
        return value

    return BinaryPackage(
        name=name,
        version=required("Version", _VERSION),
        architecture=required("Architecture", _ARCHITECTURE),
        filename=required("Filename"),
        sha256=Sha256(required("SHA256", "[0-9a-f]{64}")),
        size=int(required("Size", "[0-9]{1,18}")),
        priority=fields.get("Priority", ""),
        depends=relations("Pre-Depends", "Depends"),
        provides=tuple(group[0] for group in relations("Provides")),
        conflicts=tuple(group[0] for group in relations("Conflicts", "Breaks")),
    )
