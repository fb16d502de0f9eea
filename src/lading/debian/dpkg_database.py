"""What dpkg and scanners read of installed packages.

Where dpkg itself is in the image it finds its database, so that `dpkg-query` works. Without it
each package has a file in /var/lib/dpkg/status.d, as in Google's distroless images, which scanners
know as well and which layers can add to.
"""

from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

from lading.debian.installed_package import InstalledPackage
from lading.image.root_entry import RootEntry
from lading.store import members as kinds

DIRECTORY = "var/lib/dpkg"
STATUS = f"{DIRECTORY}/status"

_DIRECTORIES = ("alternatives", "info", "parts", "triggers", "updates")


@dataclass(frozen=True)
class InstalledFiles:
    """A package with the paths of all that it has in the image, without leading slashes."""

    package: InstalledPackage
    paths: Tuple[str, ...]


def database_entries(packages: Sequence[InstalledFiles]) -> List[RootEntry]:
    """dpkg's own database: status, and lists of files."""
    ordered = sorted(packages, key=lambda installed: installed.package.name)
    files: Dict[str, str] = {
        "available": "",
        "info/format": "1\n",
        "status": "".join(_status(installed.package) + "\n" for installed in ordered),
    }
    for installed in ordered:
        package = installed.package
        stem = f"info/{package.name}"
        if package.multi_arch_same:
            stem += f":{package.architecture}"
        files[f"{stem}.list"] = "/.\n" + "".join(f"/{path}\n" for path in sorted(installed.paths))
        files[f"{stem}.md5sums"] = _md5sums(package)
        if package.conffiles:
            files[f"{stem}.conffiles"] = "".join(f"/{path}\n" for path, _ in package.conffiles)
    return [
        *(RootEntry.directory(f"{DIRECTORY}/{name}") for name in _DIRECTORIES),
        *_file_entries(files),
    ]


def scanner_entries(packages: Sequence[InstalledPackage]) -> List[RootEntry]:
    """A file for each package, and one with the digests of its files."""
    files: Dict[str, str] = {}
    for package in packages:
        files[f"status.d/{package.name}"] = package.control
        files[f"status.d/{package.name}.md5sums"] = _md5sums(package)
    return list(_file_entries(files))


def _file_entries(files: Dict[str, str]) -> Iterator[RootEntry]:
    for name, text in sorted(files.items()):
        data = text.encode("utf-8", "surrogateescape")
        yield RootEntry(f"{DIRECTORY}/{name}", kinds.FILE, 0o644, data=data)


def _status(package: InstalledPackage) -> str:
    """The paragraph with the fields that dpkg adds: deb-control(5), dpkg(1)."""
    first, _, rest = package.control.partition("\n")
    lines = [first, "Status: install ok installed", rest.rstrip("\n")]
    if package.conffiles:
        lines += ["Conffiles:", *(f" /{path} {digest}" for path, digest in package.conffiles)]
    return "\n".join(lines) + "\n"


def _md5sums(package: InstalledPackage) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in package.md5sums)
