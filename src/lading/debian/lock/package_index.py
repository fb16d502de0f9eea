"""The content of the archive's `Packages` files: all versions of all packages in all suites."""

import re
from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Mapping, Tuple

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import FILENAME, VERSION
from lading.debs.deb822 import paragraphs
from lading.debs.relation import Alternatives, parse_relations
from lading.debs.version import version_key
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

_NAME = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)

# deb-control(5)
_ARCHITECTURE = re.compile(r"[a-z0-9-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"[1-9][0-9]{0,17}")

#: The priority of a suite's packages for apt by default (apt_preferences(5)).
DEFAULT_PRIORITY = 500


@dataclass(frozen=True)
class IndexFile:
    """A `Packages` file of `suite`; `priority` is the priority of its packages for apt."""

    content: bytes
    suite: str = ""
    priority: int = DEFAULT_PRIORITY


@dataclass(frozen=True)
class _Entry:
    name: str
    paragraph: bytes
    file: IndexFile


class PackageIndex:
    """All packages that an architecture can choose from.

    A suite has tens of thousands and a lock uses a hundred, so paragraphs are located quickly by
    name and parsed on demand.
    """

    def __init__(self, files: Iterable[IndexFile]) -> None:
        self._entries: Dict[str, List[_Entry]] = {}
        self._providers: Dict[str, Dict[str, None]] = {}
        self._parsed: Dict[str, Tuple[BinaryPackage, ...]] = {}
        for file in files:
            for paragraph in file.content.split(b"\n\n"):
                match = _NAME.search(paragraph)
                if match is not None:
                    name = match.group(1).decode("utf-8", "replace")
                    self._add(_Entry(name, paragraph, file))

    def _add(self, entry: _Entry) -> None:
        self._entries.setdefault(entry.name, []).append(entry)
        provides = _PROVIDES.search(entry.paragraph)
        if provides is not None:
            for item in provides.group(1).decode("utf-8", "replace").split(","):
                virtual = re.split(r"[\s(:]", item.strip())[0]
                self._providers.setdefault(virtual, {})[entry.name] = None

    def named(self, name: str) -> Tuple[BinaryPackage, ...]:
        """The packages of this name in apt's order of preference: by the priority of their suites,
        then newest first. Each version is listed once."""
        if name not in self._parsed:
            self._parsed[name] = self._versions(self._entries.get(name, ()))
        return self._parsed[name]

    def of_suite(self, name: str, suite: str) -> Tuple[BinaryPackage, ...]:
        """The versions that `suite` has, newest first."""
        entries = [entry for entry in self._entries.get(name, ()) if entry.file.suite == suite]
        return self._versions(entries)

    def provider_names(self, name: str) -> Iterable[str]:
        """The packages that provide this name in some version."""
        return self._providers.get(name, ())

    def names(self) -> Iterator[str]:
        return iter(self._entries)

    def _versions(self, entries: Iterable[_Entry]) -> Tuple[BinaryPackage, ...]:
        by_version: Dict[str, BinaryPackage] = {}
        priorities: Dict[str, int] = {}
        for entry in entries:
            package = _parse(entry)
            by_version.setdefault(package.version, package)
            known = priorities.get(package.version, 0)
            priorities[package.version] = max(known, entry.file.priority)
        found = sorted(
            by_version.values(),
            key=lambda package: (priorities[package.version], version_key(package.version)),
        )
        return tuple(reversed(found))


def _parse(entry: _Entry) -> BinaryPackage:
    name = entry.name
    fields = next(paragraphs(entry.paragraph.decode("utf-8", "replace")), {})
    if fields.get("package") != name:
        raise LadingError(
            f"The archive's index has a malformed entry for the package {shown(name)!r}. Report "
            "it to the archive's maintainers."
        )

    def relations(*keys: str) -> Tuple[Alternatives, ...]:
        return tuple(group for key in keys for group in parse_relations(name, fields.get(key, "")))

    return BinaryPackage(
        name=name,
        version=_matching(fields, "Version", VERSION),
        architecture=_matching(fields, "Architecture", _ARCHITECTURE),
        filename=_matching(fields, "Filename", FILENAME),
        sha256=Sha256(_matching(fields, "SHA256", _SHA256)),
        size=int(_matching(fields, "Size", _SIZE)),
        priority=fields.get("priority", "optional"),
        multi_arch=fields.get("multi-arch", "no"),
        depends=relations("pre-depends", "depends"),
        provides=tuple(group[0] for group in relations("provides")),
        conflicts=tuple(group[0] for group in relations("conflicts", "breaks")),
    )


def _matching(fields: Mapping[str, str], key: str, pattern: "re.Pattern[str]") -> str:
    value = fields.get(key.lower(), "")
    if not pattern.fullmatch(value):
        found = f"the `{key}` {shown(value)!r}, which can't be one," if value else f"no `{key}`"
        raise LadingError(
            f"The archive's index has {found} for the package {shown(fields['package'])!r}. Report "
            "it to the archive's maintainers."
        )
    return value
