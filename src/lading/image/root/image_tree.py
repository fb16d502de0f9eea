"""The tree of an image, so that another image can be put on top of it."""

import base64
import json
import posixpath
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from lading.files.kind import Kind
from lading.files.links import follow
from lading.files.root_entry import RootEntry
from lading.image.root.account_files import AccountFiles
from lading.values.path import STORE_DIR

_KEYS: Tuple[str, ...] = ("path", "type", "uid", "gid", "target")

_STORE = STORE_DIR.lstrip("/") + "/"


@dataclass(frozen=True)
class ImageTree:
    """`entries` are by path, in the form of `RootEntry.described`, without those below `store`.
    `accounts` are the image's passwd(5) and related files; `dpkg_status` has the paragraphs of its
    Debian packages.
    """

    entries: Mapping[str, RootEntry] = field(default_factory=dict)
    accounts: AccountFiles = field(default_factory=AccountFiles)
    dpkg_status: str = ""

    def locate(self, path: str) -> Optional[str]:
        """`path` with the links among its parents followed, so that it goes only through
        directories; None if there are too many links, or if it leads into the store.

        Missing parents count as directories that will be created.
        """
        place = follow(path, self._link_target)
        return None if place is None or place.startswith(_STORE) else place

    def _link_target(self, path: str) -> Optional[str]:
        entry = self.entries.get(path)
        return entry.target if entry is not None and entry.type == Kind.SYMLINK else None

    def directory(self, path: str) -> Optional[RootEntry]:
        """The directory that a program sees at `path`, through any links."""
        place = self.locate(f"{path}/.")
        entry = self.entries.get(place) if place is not None else None
        return entry if entry is not None and entry.type == Kind.DIRECTORY else None

    def parents(self, path: str) -> Iterator[RootEntry]:
        """The directories that contain `path`, which `locate` returned."""
        while path := posixpath.dirname(path):
            if path in self.entries:
                yield self.entries[path]

    def to_json(self) -> str:
        """One entry per line, sorted."""
        ordered = sorted(self.entries.values(), key=lambda entry: entry.sort_key)
        lines = ",\n".join(json.dumps(_to_dict(entry), sort_keys=True) for entry in ordered)
        # ASCII, so that surrogates that stand for other bytes survive.
        accounts = json.dumps(vars(self.accounts), sort_keys=True)
        status = json.dumps(self.dpkg_status)
        return f'{{"accounts": {accounts},\n"dpkg_status": {status},\n"entries": [\n{lines}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> "ImageTree":
        fields: Dict[str, Any] = json.loads(text)
        entries = [_from_dict(entry) for entry in fields["entries"]]
        return cls(
            {entry.path: entry for entry in entries},
            AccountFiles(**fields["accounts"]),
            fields["dpkg_status"],
        )


def _to_dict(entry: RootEntry) -> Dict[str, Any]:
    fields = {key: getattr(entry, key) for key in _KEYS}
    if entry.data:
        fields["data"] = base64.b64encode(entry.data).decode("ascii")
    return {**fields, "type": entry.type.value, "mode": f"{entry.mode:04o}"}


def _from_dict(fields: Mapping[str, Any]) -> RootEntry:
    values = {key: fields[key] for key in _KEYS if key != "type"}
    data = base64.b64decode(fields.get("data", ""))
    return RootEntry(type=Kind(fields["type"]), mode=int(fields["mode"], 8), data=data, **values)
