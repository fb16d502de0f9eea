"""What lies in an image, so that another image can be put on top of it."""

import json
import posixpath
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from lading.image.account_files import AccountFiles
from lading.image.root_entry import RootEntry
from lading.store import members as kinds
from lading.store.path import STORE_DIR

_KEYS: Tuple[str, ...] = ("path", "type", "uid", "gid", "target")

_STORE = STORE_DIR.lstrip("/") + "/"

#: As many as the kernel follows (path_resolution(7)).
_MAX_LINKS = 40


@dataclass(frozen=True)
class ImageTree:
    """`entries` by path, without the data of files and without what is below `store`; `accounts`
    are the image's passwd(5) and its kin."""

    entries: Mapping[str, RootEntry] = field(default_factory=dict)
    accounts: AccountFiles = field(default_factory=AccountFiles)

    def locate(self, path: str) -> Optional[str]:
        """`path` with the links among its parents followed, so that it goes through directories
        only; None if that does not end, or leads into the store.

        Parents that are not there count as directories to be made.
        """
        done = ""
        pending = path.split("/")
        links = 0
        while pending:
            name = pending.pop(0)
            here = posixpath.normpath(posixpath.join("/", done, name))[1:]
            entry = self.entries.get(here)
            if entry is not None and entry.type == kinds.SYMLINK and pending:
                links += 1
                if links > _MAX_LINKS:
                    return None
                # "" before the first slash of an absolute target stands for the root.
                done = "" if entry.target.startswith("/") else done
                pending = [part for part in entry.target.split("/") if part] + pending
            else:
                done = here
        return None if done.startswith(_STORE) else done

    def directory(self, path: str) -> Optional[RootEntry]:
        """The directory that a program sees at `path`, through any links."""
        place = self.locate(f"{path}/.")
        entry = self.entries.get(place) if place is not None else None
        return entry if entry is not None and entry.type == kinds.DIRECTORY else None

    def parents(self, path: str) -> Iterator[RootEntry]:
        """The directories that `path`, as `locate` gives it, lies in."""
        while path := posixpath.dirname(path):
            if path in self.entries:
                yield self.entries[path]

    def to_json(self) -> str:
        """One entry a line, sorted."""
        ordered = sorted(self.entries.values(), key=lambda entry: entry.sort_key)
        lines = ",\n".join(json.dumps(_to_dict(entry), sort_keys=True) for entry in ordered)
        # ASCII, so that surrogates that stand for other bytes survive.
        accounts = json.dumps(vars(self.accounts), sort_keys=True)
        return f'{{"accounts": {accounts},\n"entries": [\n{lines}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> "ImageTree":
        fields: Dict[str, Any] = json.loads(text)
        entries = [_from_dict(entry) for entry in fields["entries"]]
        return cls({entry.path: entry for entry in entries}, AccountFiles(**fields["accounts"]))


def _to_dict(entry: RootEntry) -> Dict[str, Any]:
    fields = {key: getattr(entry, key) for key in _KEYS}
    return {**fields, "mode": f"{entry.mode:04o}"}


def _from_dict(fields: Mapping[str, Any]) -> RootEntry:
    values = {key: fields[key] for key in _KEYS}
    return RootEntry(mode=int(fields["mode"], 8), **values)
