"""Which Debian packages an image has."""

import re
from typing import Iterator, Tuple

from lading.checks.image_files import ImageFiles

# Where dpkg notes what is installed, and where images without dpkg do (distroless).
_STATUS_FILE, _STATUS_DIRECTORY = "var/lib/dpkg/status", "var/lib/dpkg/status.d"

_PACKAGE = re.compile(r"^Package: *(\S+)", re.MULTILINE)
_STATUS = re.compile(r"^Status: *(.*)$", re.MULTILINE)


def dpkg_files(files: ImageFiles) -> Iterator[str]:
    """The keys of the files that say which Debian packages are installed."""
    paths = [_STATUS_FILE]
    paths += [f"{_STATUS_DIRECTORY}/{name}" for name in files.names(_STATUS_DIRECTORY)]
    for path in paths:
        key = files.find_file(path)
        if key is not None and not path.endswith(".md5sums"):
            yield key


def debian_packages(files: ImageFiles) -> Tuple[str, ...]:
    """Names of the packages that are installed, sorted."""
    names = set()
    for key in dpkg_files(files):
        for paragraph in files.contents[key].decode("utf-8", "replace").split("\n\n"):
            name, status = _PACKAGE.search(paragraph), _STATUS.search(paragraph)
            # Where there is no status, as in distroless images, what is listed is there.
            if name and (not status or status[1].split()[-1:] == ["installed"]):
                names.add(name[1])
    return tuple(sorted(names))
