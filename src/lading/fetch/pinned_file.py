"""A file to fetch, pinned by its content, and the request that `fetch_main` reads."""

import re
from dataclasses import dataclass
from typing import Dict, Iterable, Optional, Tuple

from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class PinnedFile:
    """A file called `name` with the digest `sha256`, which any of `urls` may provide.

    With `size` (in bytes, if known), a wrong file can be refused before it is read. `snapshot` is a
    time at which snapshot.debian.org had the file, such as 20250520T000000Z. `resolve` is the name
    of the lock that pins the file, for the message if it is gone.
    """

    name: str
    urls: Tuple[SourceUrl, ...]
    sha256: Sha256
    size: Optional[int] = None
    executable: bool = False
    snapshot: Optional[str] = None
    resolve: Optional[str] = None

    def __post_init__(self) -> None:
        if self.name in ("", ".", "..") or "/" in self.name or "\x00" in self.name:
            raise LadingError(f"{self.name!r} is not a file name: a file name has no slashes.")
        if not self.urls:
            raise LadingError(f"{self.name} has no URL to fetch it from. Name at least one.")
        if self.snapshot is not None and not _SNAPSHOT.fullmatch(self.snapshot):
            raise LadingError(
                f"the snapshot {self.snapshot!r} of {self.name} is not a timestamp of "
                "snapshot.debian.org. Write it like 20250520T000000Z."
            )


@dataclass(frozen=True)
class FetchRequest:
    """The files to fetch, in the order of their names."""

    files: Tuple[PinnedFile, ...]


def request_to_json(files: Iterable[PinnedFile]) -> str:
    return to_json(FetchRequest(tuple(sorted(files, key=lambda file: file.name))))


def request_from_json(text: str) -> Tuple[PinnedFile, ...]:
    """Raises LadingError if two different files have the same name; duplicates are dropped."""
    files: Dict[str, PinnedFile] = {}
    for file in from_json(FetchRequest, text).files:
        other = files.setdefault(file.name, file)
        if other.sha256 != file.sha256:
            raise LadingError(
                f"two different files are called {file.name}: {other.urls[0]} with "
                f"{other.sha256} and {file.urls[0]} with {file.sha256}. Give one another name."
            )
    return tuple(files.values())
