"""The Debian packages of an image."""

import re
from typing import Iterator, Tuple

from lading.checks.visible_files import VisibleFiles

# The file where dpkg lists installed packages, and the directory used by images without dpkg
# (distroless).
_STATUS_FILE, _STATUS_DIRECTORY = "var/lib/dpkg/status", "var/lib/dpkg/status.d"

_PACKAGE = re.compile(r"^Package: *(\S+)", re.MULTILINE)
_STATUS = re.compile(r"^Status: *(.*)$", re.MULTILINE)


def dpkg_files(files: VisibleFiles) -> Iterator[str]:
    """The keys of the files that list the installed Debian packages."""
    paths = [_STATUS_FILE]
    paths += [f"{_STATUS_DIRECTORY}/{name}" for name in files.names(_STATUS_DIRECTORY)]
    for path in paths:
        key = files.find_file(path)
        if key is not None and not path.endswith(".md5sums"):
            yield key


def debian_packages(files: VisibleFiles) -> Tuple[str, ...]:
    """The sorted names of the installed packages."""
    names = set()
    for key in dpkg_files(files):
        for paragraph in files.contents[key].decode("utf-8", "replace").split("\n\n"):
            name, status = _PACKAGE.search(paragraph), _STATUS.search(paragraph)
            # Without a status, as in distroless images, every listed package is installed.
            if name and (not status or status[1].split()[-1:] == ["installed"]):
                names.add(name[1])
    return tuple(sorted(names))
