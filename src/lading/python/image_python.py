"""Which Python of an image runs its service."""

import re
from dataclasses import dataclass
from typing import Iterable, Mapping, Match, Optional, Tuple

from lading.files.container_path import parse_container_path
from lading.values.errors import LadingError

#: Where a service lies in an image, and the packages that it uses, as absolute paths.
APP = "/app"
PACKAGES = f"{APP}/site-packages"

#: As many wheels have a layer of their own, and as many layers have wheels: the small ones share
#: one.
BIG_WHEEL_LAYERS = 8
MOST_WHEEL_LAYERS = BIG_WHEEL_LAYERS + 1

_FIELD = "python"
_VERSION = re.compile(r"3\.([0-9]+)(?:\.([0-9]+).*|\..*)?")
_PROGRAM = re.compile(r".*/python3\.([0-9]+)")
_DEBIAN_PACKAGE = re.compile(r"python3\.([0-9]+)-minimal")

_MODULES = re.compile(r"(?:lib)?python3(?:[.-]|$)")

_COMPILER = (
    "libc6",
    "libexpat1",
    "libpython3.{}-minimal",
    "libpython3.{}-stdlib",
    "python3.{}-minimal",
    "zlib1g",
)


@dataclass(frozen=True)
class ImagePython:
    """CPython 3.`minor`.`micro` at the absolute path `program`; `micro` is None where that path is
    all that is known."""

    program: str
    minor: int
    micro: Optional[int] = None

    @classmethod
    def check(cls, value: Optional[str]) -> None:
        """LadingError for a value of the field that can't be."""
        if value and value.startswith("/") and not value.startswith("//"):
            cls.at_path(value)

    @classmethod
    def at_path(cls, path: str) -> "ImagePython":
        """From the field's value. LadingError if that does not tell the version."""
        parse_container_path(_FIELD, path)
        match = _PROGRAM.fullmatch(path)
        if match is None:
            raise LadingError(
                f"`{_FIELD}` has {path!r}. Write the path with the version that it has, such as "
                "'/usr/local/bin/python3.12', or the address of a store package."
            )
        return cls(path, int(match[1]))

    @classmethod
    def of_package(cls, store_path: str, version: str) -> "ImagePython":
        """Of a store package. LadingError for a version that is no Python's."""
        match = _VERSION.fullmatch(version)
        if match is None:
            raise LadingError(
                f"`{_FIELD}` names a package of version {version!r}, which is not a version of "
                "CPython 3. Name one such as `//3rdparty/cpython`."
            )
        return cls(f"{store_path}/bin/python3", int(match[1]), _micro(match))

    @classmethod
    def of_debian(cls, packages: Mapping[str, str]) -> "ImagePython":
        """The newest among Debian packages, given their versions by name. LadingError if there is
        none."""
        found = DebianPython.find(packages)
        if found is None:
            raise LadingError(
                f"`pex` is set, but nothing says which Python runs it. Set `{_FIELD}` to a store "
                "package such as `//3rdparty/cpython`, or to the path of a Python in `base`, or "
                "add 'python3' to `debian_packages`."
            )
        version = _VERSION.fullmatch(packages[found.package])
        return cls(found.program, found.minor, None if version is None else _micro(version))


def _micro(version: Match[str]) -> Optional[int]:
    return None if version[2] is None else int(version[2])


@dataclass(frozen=True)
class DebianPython:
    """Python 3.`minor` of Debian packages."""

    minor: int

    @classmethod
    def find(cls, packages: Iterable[str]) -> "Optional[DebianPython]":
        """The newest among packages, given their names."""
        matches = (_DEBIAN_PACKAGE.fullmatch(name) for name in packages)
        minors = [int(match[1]) for match in matches if match is not None]
        return cls(max(minors)) if minors else None

    @property
    def program(self) -> str:
        return f"/usr/bin/python3.{self.minor}"

    @property
    def package(self) -> str:
        """The Debian package that has the program."""
        return f"python3.{self.minor}-minimal"

    @property
    def compiler(self) -> Tuple[str, ...]:
        """The packages that compile modules: Python, what it is linked with, and the modules that
        compiling takes."""
        return tuple(name.format(self.minor) for name in _COMPILER)

    @property
    def roots(self) -> Tuple[str, ...]:
        """Where packages have modules, without leading slashes."""
        return (f"usr/lib/python3.{self.minor}", "usr/lib/python3/dist-packages")

    @staticmethod
    def may_have_modules(package: str) -> bool:
        """Debian Python policy 4.3: packages with modules are called python3-<module>."""
        return _MODULES.match(package) is not None
