"""A file to fetch, pinned by its content, and the request that `fetch_main` reads."""

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Optional, Tuple

from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading.values.errors import LadingError

_SNAPSHOT = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class PinnedFile:
    """A file called `name` with the digest `sha256`, that any of `urls` may give.

    `size` in bytes, where it is known, lets a wrong file be refused before it is read.
    `snapshot` is a time at which snapshot.debian.org had the file, such as 20250520T000000Z.
    `resolve` is the name of the lock that pins the file, for the message when it is gone.
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
            raise LadingError(f"{self.name!r} is not a file name: it must be one without slashes.")
        if not self.urls:
            raise LadingError(f"{self.name} has no URL to fetch it from. Name at least one.")
        if self.snapshot is not None and not _SNAPSHOT.fullmatch(self.snapshot):
            raise LadingError(
                f"the snapshot {self.snapshot!r} of {self.name} is not a time of "
                "snapshot.debian.org. Write it like 20250520T000000Z."
            )

    def to_dict(self) -> Dict[str, Any]:
        return {
            "name": self.name,
            "urls": [url.text for url in self.urls],
            "sha256": self.sha256.hex,
            "size": self.size,
            "executable": self.executable,
            "snapshot": self.snapshot,
            "resolve": self.resolve,
        }

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> "PinnedFile":
        return cls(
            name=fields["name"],
            urls=tuple(SourceUrl.parse(url) for url in fields["urls"]),
            sha256=Sha256.parse(fields["sha256"]),
            size=fields.get("size"),
            executable=fields.get("executable", False),
            snapshot=fields.get("snapshot"),
            resolve=fields.get("resolve"),
        )


def request_to_json(files: Iterable[PinnedFile]) -> str:
    """What `fetch_main` reads: `{"files": [...]}`, in the order of the names."""
    ordered = sorted(files, key=lambda file: file.name)
    return json.dumps({"files": [file.to_dict() for file in ordered]}, sort_keys=True)


def request_from_json(text: str) -> Tuple[PinnedFile, ...]:
    """LadingError when two different files have one name; the same file twice counts once."""
    files: Dict[str, PinnedFile] = {}
    for fields in json.loads(text)["files"]:
        file = PinnedFile.from_dict(fields)
        other = files.setdefault(file.name, file)
        if other.sha256 != file.sha256:
            raise LadingError(
                f"two different files are called {file.name}: {other.urls[0]} with "
                f"{other.sha256} and {file.urls[0]} with {file.sha256}. Give one another name."
            )
    return tuple(files.values())
