"""The Python of an image that runs its service."""

import re
from dataclasses import dataclass
from typing import Iterable, Mapping, Match, Optional, Tuple

from lading.files.container_path import parse_container_path
from lading.values.errors import LadingError

#: The directories of a service in an image, and of the packages that it uses, as absolute paths.
APP = "/app"
PACKAGES = f"{APP}/site-packages"

#: At most this many wheels get their own layer, and at most this many layers have wheels: the small
#: ones share one.
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
    """CPython 3.`minor`.`micro` at the absolute path `program`; `micro` is None if only the path is
    known."""

    program: str
    minor: int
    micro: Optional[int] = None

    @classmethod
    def check(cls, value: Optional[str]) -> None:
        """Raises LadingError for an invalid value of the field."""
        if value and value.startswith("/") and not value.startswith("//"):
            cls.at_path(value)

    @classmethod
    def at_path(cls, path: str) -> "ImagePython":
        """From the field's value. Raises LadingError if it does not contain the version."""
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
        """From a store package. Raises LadingError for a version that is not Python's."""
        match = _VERSION.fullmatch(version)
        if match is None:
            raise LadingError(
                f"`{_FIELD}` names a package of version {version!r}, which is not a version of "
                "CPython 3. Name one such as `//3rdparty/cpython`."
            )
        return cls(f"{store_path}/bin/python3", int(match[1]), _micro(match))

    @classmethod
    def of_debian(cls, packages: Mapping[str, str]) -> "ImagePython":
        """The newest of the Debian packages, given as versions by name. Raises LadingError if there
        is none."""
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
        """The newest of the packages, given by name."""
        matches = (_DEBIAN_PACKAGE.fullmatch(name) for name in packages)
        minors = [int(match[1]) for match in matches if match is not None]
        return cls(max(minors)) if minors else None

    @property
    def program(self) -> str:
        return f"/usr/bin/python3.{self.minor}"

    @property
    def package(self) -> str:
        """The Debian package with the program."""
        return f"python3.{self.minor}-minimal"

    @property
    def compiler(self) -> Tuple[str, ...]:
        """The packages that are needed to compile modules: Python, the libraries that it is linked
        with, and the modules that compiling uses."""
        return tuple(name.format(self.minor) for name in _COMPILER)

    @property
    def roots(self) -> Tuple[str, ...]:
        """The directories where packages have modules, without leading slashes."""
        return (f"usr/lib/python3.{self.minor}", "usr/lib/python3/dist-packages")

    @staticmethod
    def may_have_modules(package: str) -> bool:
        """Debian Python policy 4.3: packages with modules are called python3-<module>."""
        return _MODULES.match(package) is not None
