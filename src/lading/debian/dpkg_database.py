"""What dpkg and scanners read about installed packages.

If the image has dpkg or its database, the packages are added to that, so that `dpkg-query` works.
Otherwise each package has a file in /var/lib/dpkg/status.d, as in Google's distroless images;
scanners know it too, and layers can add to it.
"""

import re
from typing import Dict, Iterable, Iterator, List, Sequence

from lading.debian.installed_package import InstalledPackage
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.dpkg_status import STATUS, STATUS_DIRECTORY

_DIRECTORY = "var/lib/dpkg"
_DIRECTORIES = ("alternatives", "info", "parts", "triggers", "updates")
_PROGRAMS = frozenset(("config", "postinst", "postrm", "preinst", "prerm"))
# dpkg, lib/dpkg/trigname.c. Each trigger's name is the name of a file.
_TRIGGER = re.compile(r"(?!\.{1,2}$)[!-.0-~]{1,200}")
# In dpkg's order; all other fields follow: lib/dpkg/parse.c.
_FIELDS = (
    "package essential protected status priority section installed-size origin maintainer bugs"
    " architecture multi-arch source version replaces provides depends pre-depends recommends"
    " suggests breaks conflicts enhances conffiles description"
).split()


def database_entries(packages: Sequence[InstalledPackage]) -> List[Entry]:
    """dpkg's own database: status, lists of files, scripts and triggers."""
    return [
        *(Entry.directory(f"{_DIRECTORY}/{name}") for name in _DIRECTORIES),
        _file(f"{_DIRECTORY}/available", ""),
        _file(f"{_DIRECTORY}/info/format", "1\n"),
        *_triggers(packages),
        *added_entries("", packages),
    ]


def added_entries(present: str, packages: Sequence[InstalledPackage]) -> List[Entry]:
    """What a database with the status `present` lacks of the packages."""
    status = present + dpkg_status(packages)
    return [_file(STATUS, status), *(entry for one in packages for entry in _info(one))]


def scanner_entries(packages: Sequence[InstalledPackage]) -> List[Entry]:
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


def _info(package: InstalledPackage) -> Iterator[Entry]:
    stem = f"{_DIRECTORY}/info/{package.name}"
    if package.multi_arch_same:
        stem += f":{package.architecture}"
    yield _file(f"{stem}.list", "".join(f"/{path}\n" for path in (".", *package.listed)))
    if package.md5sums:
        yield _file(f"{stem}.md5sums", _md5sums(package))
    if package.conffiles:
        conffiles = "".join(f"/{path}\n" for path, _ in package.conffiles)
        yield _file(f"{stem}.conffiles", conffiles)
    for name, text in package.control_files.items():
        yield _file(f"{stem}.{name}", text, 0o755 if name in _PROGRAMS else 0o644)


def _triggers(packages: Iterable[InstalledPackage]) -> Iterator[Entry]:
    """Who is triggered by which files and names: dpkg, doc/triggers.txt."""
    files: List[str] = []
    names: Dict[str, List[str]] = {}
    for package in packages:
        for line in package.control_files.get("triggers", "").splitlines():
            directive, _, trigger = line.partition("#")[0].strip().partition(" ")
            if directive.startswith("interest") and trigger:
                waiting = "/noawait" if directive == "interest-noawait" else ""
                if trigger.startswith("/"):
                    files.append(f"{trigger} {package.name}{waiting}\n")
                elif _TRIGGER.fullmatch(trigger):
                    names.setdefault(trigger, []).append(f"{package.name}{waiting}\n")
    for name, lines in {"File": files, "Unincorp": [], **names}.items():
        yield _file(f"{_DIRECTORY}/triggers/{name}", "".join(lines))


def _file(path: str, text: str, mode: int = 0o644) -> Entry:
    return Entry(path, Kind.FILE, mode, data=text.encode("utf-8", "surrogateescape"))


def _paragraph(package: InstalledPackage) -> str:
    fields = {
        field.partition(":")[0].lower(): field
        for field in re.split(r"\n(?=\S)", package.control.rstrip("\n"))
    }
    fields["status"] = "Status: install ok installed"
    if package.conffiles:
        conffiles = (f" /{path} {digest}" for path, digest in package.conffiles)
        fields["conffiles"] = "\n".join(["Conffiles:", *conffiles])
    known = [fields.pop(name) for name in _FIELDS if name in fields]
    return "\n".join([*known, *fields.values()]) + "\n"


def _md5sums(package: InstalledPackage) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in package.md5sums)
