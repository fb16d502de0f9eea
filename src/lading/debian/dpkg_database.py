"""What dpkg and scanners read of installed packages.

Where dpkg itself or its database is in the image, that has the packages, so that `dpkg-query`
works. Without it each package has a file in /var/lib/dpkg/status.d, as in Google's distroless
images, which scanners know as well and which layers can add to.
"""

from dataclasses import dataclass
from typing import Iterable, Iterator, List, Sequence, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.image.dpkg_status import STATUS, STATUS_DIRECTORY
from lading.image.root_entry import RootEntry
from lading.store import members as kinds

_DIRECTORY = "var/lib/dpkg"
_DIRECTORIES = ("alternatives", "info", "parts", "triggers", "updates")


@dataclass(frozen=True)
class InstalledFiles:
    """A package with the paths of all that it has in the image, without leading slashes."""

    package: InstalledPackage
    paths: Tuple[str, ...]


def database_entries(packages: Sequence[InstalledFiles]) -> List[RootEntry]:
    """dpkg's own database: status, and lists of files."""
    return [
        *(RootEntry.directory(f"{_DIRECTORY}/{name}") for name in _DIRECTORIES),
        _file(f"{_DIRECTORY}/available", ""),
        _file(f"{_DIRECTORY}/info/format", "1\n"),
        *added_entries("", packages),
    ]


def added_entries(present: str, packages: Sequence[InstalledFiles]) -> List[RootEntry]:
    """What a database whose status is `present` lacks of the packages."""
    status = present + dpkg_status(installed.package for installed in packages)
    return [_file(STATUS, status), *(entry for one in packages for entry in _info(one))]


def scanner_entries(packages: Sequence[InstalledPackage]) -> List[RootEntry]:
    """A file for each package, and one with the digests of its files."""
    return [
        entry
        for package in packages
        for entry in (
            _file(f"{STATUS_DIRECTORY}/{package.name}", package.control),
            _file(f"{STATUS_DIRECTORY}/{package.name}.md5sums", _md5sums(package)),
        )
    ]


def dpkg_status(packages: Iterable[InstalledPackage]) -> str:
    """A paragraph for each package, by name, as dpkg has them: deb-control(5), dpkg(1)."""
    ordered = sorted(packages, key=lambda package: package.name)
    return "".join(_paragraph(package) + "\n" for package in ordered)


def _info(installed: InstalledFiles) -> Iterator[RootEntry]:
    package = installed.package
    stem = f"{_DIRECTORY}/info/{package.name}"
    if package.multi_arch_same:
        stem += f":{package.architecture}"
    paths = "".join(f"/{path}\n" for path in sorted(installed.paths))
    yield _file(f"{stem}.list", "/.\n" + paths)
    yield _file(f"{stem}.md5sums", _md5sums(package))
    if package.conffiles:
        conffiles = "".join(f"/{path}\n" for path, _ in package.conffiles)
        yield _file(f"{stem}.conffiles", conffiles)


def _file(path: str, text: str) -> RootEntry:
    return RootEntry(path, kinds.FILE, 0o644, data=text.encode("utf-8", "surrogateescape"))


def _paragraph(package: InstalledPackage) -> str:
    first, _, rest = package.control.partition("\n")
    lines = [first, "Status: install ok installed", rest.rstrip("\n")]
    if package.conffiles:
        lines += ["Conffiles:", *(f" /{path} {digest}" for path, digest in package.conffiles)]
    return "\n".join(lines) + "\n"


def _md5sums(package: InstalledPackage) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in package.md5sums)
