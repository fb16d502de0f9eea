"""The database of a Debian's packages in an image: what dpkg(1) calls status."""

from typing import Callable, Iterable, Optional

#: The database, and where distroless images have a file for each package instead.
STATUS, STATUS_DIRECTORY = "var/lib/dpkg/status", "var/lib/dpkg/status.d"

_DIGESTS = ".md5sums"


def is_dpkg_status(path: str) -> bool:
    """Whether the file at `path` describes packages; others lie beside it."""
    if path == STATUS:
        return True
    return path.startswith(STATUS_DIRECTORY + "/") and not path.endswith(_DIGESTS)


def read_dpkg_status(paths: Iterable[str], read: Callable[[str], Optional[bytes]]) -> str:
    """The paragraphs of those of the files at `paths` that describe packages, each with an empty
    line behind it. `read` gives a file's content, None if that is not known."""
    texts = [read(path) for path in sorted(paths) if is_dpkg_status(path)]
    return "".join(
        text.decode("utf-8", "surrogateescape").strip("\n") + "\n\n" for text in texts if text
    )
