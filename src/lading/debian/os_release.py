"""The file that says which Debian an image is, if the package base-files is missing.

Scanners read it, and find no vulnerabilities without it: os-release(5).
"""

from typing import Callable, List, Mapping

from lading.files.entry import Entry
from lading.files.kind import Kind

_OS_RELEASE, _LINK, _VERSION = "usr/lib/os-release", "etc/os-release", "etc/debian_version"

#: By the suite's name. Other archives get no such file.
_RELEASES: Mapping[str, str] = {
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "duke": "15",
}


def os_release_entries(suite: str, exists: Callable[[str], bool]) -> List[Entry]:
    """Empty if the packages or the base have such a file, as `exists` says."""
    number = _RELEASES.get(suite)
    if number is None or any(map(exists, (_OS_RELEASE, _LINK, _VERSION))):
        return []
    fields = {
        "PRETTY_NAME": f'"Debian GNU/Linux {number} ({suite})"',
        "NAME": '"Debian GNU/Linux"',
        "VERSION_ID": f'"{number}"',
        "VERSION": f'"{number} ({suite})"',
        "VERSION_CODENAME": suite,
        "ID": "debian",
    }
    text = "".join(f"{name}={value}\n" for name, value in fields.items())
    return [
        Entry(_OS_RELEASE, Kind.FILE, 0o644, data=text.encode("ascii")),
        Entry.symlink(_LINK, "../usr/lib/os-release"),
        Entry(_VERSION, Kind.FILE, 0o644, data=f"{number}\n".encode("ascii")),
    ]
