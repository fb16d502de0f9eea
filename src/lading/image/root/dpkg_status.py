"""The database of Debian packages in an image, which dpkg(1) calls status."""

from typing import Callable, Iterable, Optional

#: The database, and the directory where distroless images have a file for each package instead.
STATUS, STATUS_DIRECTORY = "var/lib/dpkg/status", "var/lib/dpkg/status.d"

_DIGESTS = ".md5sums"


def is_dpkg_status(path: str) -> bool:
    """Whether the file at `path` describes packages; its directory has other files too."""
    if path == STATUS:
        return True
    return path.startswith(STATUS_DIRECTORY + "/") and not path.endswith(_DIGESTS)


def read_dpkg_status(paths: Iterable[str], read: Callable[[str], Optional[bytes]]) -> str:
    """The paragraphs of those files among `paths` that describe packages, each followed by an empty
    line. `read` returns a file's content, None if it is not known."""
    texts = [read(path) for path in sorted(paths) if is_dpkg_status(path)]
    return "".join(
        text.decode("utf-8", "surrogateescape").strip("\n") + "\n\n" for text in texts if text
    )
