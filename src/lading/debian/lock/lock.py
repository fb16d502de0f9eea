"""The lock: the exact Debian packages that builds use.

It uses only the standard library, since rule code reads locks too. The file is sorted JSON with one
field per line, so that its diff shows what an update changes. It names no host: each machine
downloads `filename` from its own mirror, and checks it by size and SHA-256. A package's relations
are in Debian's own notation, as in the archive's index; they determine which packages an image
gets.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Sequence, Set, Tuple

from lading.debian.lock.binary_package import BinaryPackage
from lading.debs.relation import Alternatives, parse_relations
from lading.values.digest import Sha256
from lading.values.errors import LadingError

FORMAT_VERSION = 2

# deb-control(5), Package; deb-version(7)
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
VERSION = re.compile(r"[0-9]+:[A-Za-z0-9.+~:-]+|[A-Za-z0-9.+~-]+")
# Below `pool/`, without `.` or `..` as a component.
FILENAME = re.compile(r"pool(?:/(?!\.{1,2}(?:/|$))[^/\s\x00-\x1f]+)+")
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
_WORD = re.compile(r"[a-z-]+")

# Left out if empty, since most packages have none.
_RELATIONS = ("depends", "provides", "conflicts")
_DEFAULTS = {"priority": "optional", "multi_arch": "no", "snapshot": ""}


@dataclass(frozen=True)
class DebianLock:
    """Packages that were resolved together.

    `resolve` is their name in `generate-lockfiles --resolve=`. `released` has the date of each
    suite's index, as YYYYMMDDTHHMMSSZ. `roots` are the packages that were asked for. `packages`
    has, for each architecture of the lock, at most one package of a name, sorted.
    """

    resolve: str
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    architectures: Tuple[str, ...]
    released: Mapping[str, str] = field(hash=False)
    roots: Tuple[str, ...]
    packages: Mapping[str, Tuple[BinaryPackage, ...]] = field(hash=False)

    @property
    def timestamp(self) -> str:
        """The date of the youngest index: at that time, the archive had everything that is in any
        of them."""
        return max(self.released.values())

    def to_json(self) -> str:
        fields = {
            "version": FORMAT_VERSION,
            "resolve": self.resolve,
            "suites": self.suites,
            "components": self.components,
            "architectures": self.architectures,
            "released": self.released,
            "roots": self.roots,
            "packages": {
                architecture: {package.name: _package_to_json(package) for package in packages}
                for architecture, packages in self.packages.items()
            },
        }
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "DebianLock":
        """Raises LadingError if the text is not a lock that `to_json` could have written."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _broken(f"it is not JSON ({error})", "<name>") from error
        if not isinstance(fields, dict):
            raise _broken("it is not a JSON object", "<name>")
        resolve = fields.get("resolve")
        if not isinstance(resolve, str) or not resolve:
            raise _broken(f"its `resolve` is {resolve!r} and not a name", "<name>")
        return _Reader(resolve).lock(fields)


def check_made_for(
    lock: DebianLock,
    suites: Sequence[str],
    components: Sequence[str],
    architectures: Sequence[str],
) -> None:
    """Raises LadingError if its `debian_lock` target had other values when the lock was made."""
    for name, wanted in (
        ("suites", suites),
        ("components", components),
        ("architectures", architectures),
    ):
        made_for = getattr(lock, name)
        if sorted(made_for) != sorted(set(wanted)):
            raise LadingError(
                f"The Debian lock `{lock.resolve}` was made for the {name} {listed(made_for)}, "
                f"but `{name}` is now {listed(wanted)}. Run {regenerate_command(lock.resolve)}."
            )


def locked_versions(text: str, architecture: str = "") -> Dict[str, str]:
    """Versions by name in the text of a lock of any format; empty if it is none.

    For one architecture, or for all; then the architecture is added to names whose versions differ.
    """
    try:
        by_architecture = json.loads(text)["packages"]
        found = {
            (name, where): str(package["version"])
            for where, packages in by_architecture.items()
            for name, package in packages.items()
            if architecture in ("", where)
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    names: Dict[str, Set[str]] = {}
    for (name, _), version in found.items():
        names.setdefault(name, set()).add(version)
    return {
        name if len(names[name]) == 1 else f"{name}:{where}": version
        for (name, where), version in sorted(found.items())
    }


def regenerate_command(resolve: str) -> str:
    """The command that updates a lock, in backticks."""
    return f"`./pants generate-lockfiles --resolve={resolve}`"


def listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _broken(fault: str, resolve: str) -> LadingError:
    return LadingError(
        f"The Debian lock cannot be used: {fault}. Restore it from version control, or run "
        f"{regenerate_command(resolve)}."
    )


def _package_to_json(package: BinaryPackage) -> Mapping[str, object]:
    fields = {
        "version": package.version,
        "architecture": package.architecture,
        "filename": package.filename,
        "sha256": package.sha256.hex,
        "size": package.size,
        "depends": _relations(package.depends),
        "provides": _relations([(provided,) for provided in package.provides]),
        "conflicts": _relations([(conflict,) for conflict in package.conflicts]),
    }
    fields.update((name, getattr(package, name)) for name in _DEFAULTS)
    return {name: value for name, value in fields.items() if value != _DEFAULTS.get(name, "")}


def _relations(groups: Iterable[Alternatives]) -> str:
    return ", ".join(" | ".join(map(str, group)) for group in groups)


@dataclass(frozen=True)
class _Reader:
    """Reads a lock from its JSON fields, strictly."""

    resolve: str

    def lock(self, fields: Mapping[str, Any]) -> DebianLock:
        version = fields.get("version")
        if version != FORMAT_VERSION:
            raise _broken(
                f"its format is version {version!r}, but this Lading reads {FORMAT_VERSION}",
                self.resolve,
            )
        self._check_keys("it", fields, set(DebianLock.__dataclass_fields__) | {"version"})
        architectures = self._strings("its `architectures`", fields["architectures"])
        if set(self._object("its `packages`", fields["packages"])) != set(architectures):
            raise _broken("`architectures` and `packages` do not match", self.resolve)
        suites = self._strings("its `suites`", fields["suites"])
        return DebianLock(
            resolve=self.resolve,
            suites=suites,
            components=self._strings("its `components`", fields["components"]),
            architectures=architectures,
            released=self._released(suites, fields["released"]),
            roots=self._strings("its `roots`", fields["roots"]),
            packages={
                architecture: self._packages(architecture, fields["packages"][architecture])
                for architecture in architectures
            },
        )

    def _released(self, suites: Sequence[str], value: Any) -> Mapping[str, str]:
        dates = self._object("its `released`", value)
        if not dates or set(dates) != set(suites):
            raise _broken("`suites` and `released` do not match", self.resolve)
        for suite in dates:
            self._match(f"the date of {suite!r} in its `released`", dates[suite], _TIMESTAMP)
        return dict(dates)

    def _packages(self, architecture: str, value: Any) -> Tuple[BinaryPackage, ...]:
        entries = self._object(f"`packages` of {architecture}", value)
        return tuple(self._package(name, entries[name]) for name in sorted(entries))

    def _package(self, name: str, value: Any) -> BinaryPackage:
        what = f"of package {name!r} the"
        self._match("a package's name", name, NAME)
        optional = {**_DEFAULTS, **dict.fromkeys(_RELATIONS, "")}
        fields = {**optional, **self._object(f"package {name!r}", value)}
        known = set(BinaryPackage.__dataclass_fields__) - {"name"}
        self._check_keys(f"package {name!r}", fields, known)
        size = fields["size"]
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            raise _broken(f"{what} `size` is {size!r} and not a number of bytes", self.resolve)

        def matching(key: str, pattern: "re.Pattern[str]") -> str:
            return self._match(f"{what} `{key}`", fields[key], pattern)

        return BinaryPackage(
            name=name,
            version=matching("version", VERSION),
            architecture=matching("architecture", _ARCHITECTURE),
            filename=self._filename(what, fields["filename"]),
            sha256=self._sha256(what, fields["sha256"]),
            size=size,
            priority=matching("priority", _WORD),
            multi_arch=matching("multi_arch", _WORD),
            snapshot=fields["snapshot"] and matching("snapshot", _TIMESTAMP),
            depends=self._relations(name, "depends", fields),
            provides=tuple(group[0] for group in self._relations(name, "provides", fields)),
            conflicts=tuple(group[0] for group in self._relations(name, "conflicts", fields)),
        )

    def _relations(
        self, name: str, key: str, fields: Mapping[str, Any]
    ) -> Tuple[Alternatives, ...]:
        value = fields[key]
        if not isinstance(value, str):
            raise _broken(f"of package {name!r} the `{key}` is {value!r}", self.resolve)
        try:
            return parse_relations(name, value)
        except LadingError as error:
            raise _broken(f"of package {name!r} the `{key}` is malformed", self.resolve) from error

    def _filename(self, what: str, value: Any) -> str:
        if not isinstance(value, str) or not FILENAME.fullmatch(value):
            raise _broken(
                f"{what} `filename` is {value!r} and not a path below `pool/`", self.resolve
            )
        return value

    def _sha256(self, what: str, value: Any) -> Sha256:
        if not isinstance(value, str):
            raise _broken(f"{what} `sha256` is {value!r} and not a string", self.resolve)
        try:
            return Sha256(value)
        except LadingError as error:
            raise _broken(f"{what} `sha256` is wrong: {error}", self.resolve) from error

    def _check_keys(self, what: str, fields: Mapping[str, Any], known: Set[str]) -> None:
        for fault, keys in (("lacks", known - set(fields)), ("has", set(fields) - known)):
            if keys:
                names = listed(sorted(keys))
                unknown = ", which is unknown" if fault == "has" else ""
                raise _broken(f"{what} {fault} {names}{unknown}", self.resolve)

    def _object(self, what: str, value: Any) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise _broken(f"{what} is {value!r} and not an object", self.resolve)
        return value

    def _strings(self, what: str, value: Any) -> Tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _broken(f"{what} is {value!r} and not a list of strings", self.resolve)
        items: List[str] = value
        return tuple(items)

    def _match(self, what: str, value: Any, pattern: "re.Pattern[str]") -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _broken(f"{what} is {value!r}, which is malformed", self.resolve)
        return value
