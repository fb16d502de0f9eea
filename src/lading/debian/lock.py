"""The lock: which Debian packages exist for us, exactly.

Standard library only, for rule code reads locks too. The file is JSON, sorted, one field a line,
so that its diff shows what an update changes. It names no host: `filename` is looked up at
whatever mirror the machine knows, and checked by size and SHA-256.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Container, Dict, Iterable, List, Mapping, Sequence, Set, Tuple

from lading.digest import Sha256
from lading.errors import LadingError

FORMAT_VERSION = 1

# deb-control(5), Package; deb-version(7)
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION = re.compile(r"(?:[0-9]+:)?[A-Za-z0-9.+~-]+(?::[A-Za-z0-9.+~:-]+)?")
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class LockedPackage:
    """One `.deb`.

    `architecture` is the package's own, so it may be `all`. `filename` is its path in the
    archive (`pool/main/...`), `size` in bytes. `dependencies` are the names of those packages of
    the same lock and architecture that satisfy its Pre-Depends and Depends, sorted.
    """

    name: str
    version: str
    architecture: str
    filename: str
    sha256: Sha256
    size: int
    dependencies: Tuple[str, ...] = ()


@dataclass(frozen=True)
class DebianLock:
    """Packages resolved together.

    `resolve` is the name that `generate-lockfiles --resolve=` knows it by. `timestamp` is when
    the youngest of the suites was released, as YYYYMMDDTHHMMSSZ. `roots` is what was asked for.
    `packages` holds for each architecture of the lock at most one package of a name, sorted.
    """

    resolve: str
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    architectures: Tuple[str, ...]
    timestamp: str
    roots: Tuple[str, ...]
    packages: Mapping[str, Tuple[LockedPackage, ...]] = field(hash=False)

    def to_json(self) -> str:
        fields = {
            "version": FORMAT_VERSION,
            "resolve": self.resolve,
            "suites": self.suites,
            "components": self.components,
            "architectures": self.architectures,
            "timestamp": self.timestamp,
            "roots": self.roots,
            "packages": {
                architecture: {package.name: _package_to_json(package) for package in packages}
                for architecture, packages in self.packages.items()
            },
        }
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "DebianLock":
        """LadingError if the text is not a lock that `to_json` could have written."""
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise _broken(f"it is not JSON ({error})", "<name>") from error
        if not isinstance(fields, dict):
            raise _broken("it is not a JSON object", "<name>")
        resolve = fields.get("resolve")
        if not isinstance(resolve, str) or not resolve:
            raise _broken(f"its `resolve` is {resolve!r} and not a name", "<name>")
        return _Reader(resolve).lock(fields)


def closure(
    lock: DebianLock,
    architecture: str,
    roots: Iterable[str],
    left_out: Container[str] = frozenset(),
) -> Tuple[LockedPackage, ...]:
    """The packages `roots` and all they depend on, sorted by name, but for those that are left out
    and what nothing else depends on.

    LadingError if the lock has no such architecture or root.
    """
    if architecture not in lock.packages:
        raise LadingError(
            f"The Debian lock `{lock.resolve}` has no packages for {architecture!r}, only for "
            f"{_listed(lock.architectures)}. Add it to `architectures` of the lock's "
            f"`debian_lock` target and run {regenerate_command(lock.resolve)}."
        )
    known = {package.name: package for package in lock.packages[architecture]}
    found: Dict[str, LockedPackage] = {}
    pending = list(roots)
    missing = sorted(set(pending) - set(known))
    if missing:
        raise LadingError(
            f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} not in the Debian lock "
            f"`{lock.resolve}` for {architecture}. Run {regenerate_command(lock.resolve)} to "
            "add what the targets that use the lock, and its `packages`, ask for."
        )
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = known[name]
            pending += (other for other in known[name].dependencies if other not in left_out)
    return tuple(found[name] for name in sorted(found))


def check_made_for(
    lock: DebianLock,
    suites: Sequence[str],
    components: Sequence[str],
    architectures: Sequence[str],
) -> None:
    """LadingError if the lock was made when its `debian_lock` target said something else."""
    for name, wanted in (
        ("suites", suites),
        ("components", components),
        ("architectures", architectures),
    ):
        made_for = getattr(lock, name)
        if sorted(made_for) != sorted(set(wanted)):
            raise LadingError(
                f"The Debian lock `{lock.resolve}` was made for the {name} {_listed(made_for)}, "
                f"and `{name}` is {_listed(wanted)} now. Run {regenerate_command(lock.resolve)}."
            )


def regenerate_command(resolve: str) -> str:
    """The command that brings a lock up to date, in backticks."""
    return f"`./pants generate-lockfiles --resolve={resolve}`"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _broken(fault: str, resolve: str) -> LadingError:
    return LadingError(
        f"The Debian lock cannot be used: {fault}. Take it from version control again, or run "
        f"{regenerate_command(resolve)}."
    )


def _package_to_json(package: LockedPackage) -> Mapping[str, object]:
    return {
        "version": package.version,
        "architecture": package.architecture,
        "filename": package.filename,
        "sha256": package.sha256.hex,
        "size": package.size,
        "dependencies": package.dependencies,
    }


@dataclass(frozen=True)
class _Reader:
    """Reads a lock from its JSON fields, strictly."""

    resolve: str

    def lock(self, fields: Mapping[str, Any]) -> DebianLock:
        version = fields.get("version")
        if version != FORMAT_VERSION:
            raise _broken(
                f"its format is version {version!r}, and this Lading reads {FORMAT_VERSION}",
                self.resolve,
            )
        self._check_keys("it", fields, set(DebianLock.__dataclass_fields__) | {"version"})
        architectures = self._strings("its `architectures`", fields["architectures"])
        if set(self._object("its `packages`", fields["packages"])) != set(architectures):
            raise _broken("`architectures` and `packages` do not fit", self.resolve)
        return DebianLock(
            resolve=self.resolve,
            suites=self._strings("its `suites`", fields["suites"]),
            components=self._strings("its `components`", fields["components"]),
            architectures=architectures,
            timestamp=self._match("its `timestamp`", fields["timestamp"], _TIMESTAMP),
            roots=self._strings("its `roots`", fields["roots"]),
            packages={
                architecture: self._packages(architecture, fields["packages"][architecture])
                for architecture in architectures
            },
        )

    def _packages(self, architecture: str, value: Any) -> Tuple[LockedPackage, ...]:
        entries = self._object(f"`packages` of {architecture}", value)
        packages = [self._package(name, entries[name]) for name in sorted(entries)]
        for package in packages:
            for dependency in package.dependencies:
                if dependency not in entries:
                    raise _broken(
                        f"`{package.name}` depends on `{dependency}`, which is missing from "
                        f"`packages` of {architecture}",
                        self.resolve,
                    )
        return tuple(packages)

    def _package(self, name: str, value: Any) -> LockedPackage:
        what = f"of package {name!r} the"
        self._match("a package's name", name, _NAME)
        fields = self._object(f"package {name!r}", value)
        known = set(LockedPackage.__dataclass_fields__) - {"name"}
        self._check_keys(f"package {name!r}", fields, known)
        size = fields["size"]
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            raise _broken(f"{what} `size` is {size!r} and not a number of bytes", self.resolve)
        return LockedPackage(
            name=name,
            version=self._match(f"{what} `version`", fields["version"], _VERSION),
            architecture=self._match(
                f"{what} `architecture`", fields["architecture"], _ARCHITECTURE
            ),
            filename=self._filename(what, fields["filename"]),
            sha256=self._sha256(what, fields["sha256"]),
            size=size,
            dependencies=self._strings(f"{what} `dependencies`", fields["dependencies"]),
        )

    def _filename(self, what: str, value: Any) -> str:
        path = PurePosixPath(value) if isinstance(value, str) else PurePosixPath()
        if path.parts[:1] != ("pool",) or ".." in path.parts or str(path) != value:
            raise _broken(
                f"{what} `filename` is {value!r} and not a path below `pool/`", self.resolve
            )
        return str(path)

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
                names = _listed(sorted(keys))
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
