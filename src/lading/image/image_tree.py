"""What lies in an image, so that another image can be put on top of it."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

from lading.image.account_files import AccountFiles
from lading.image.root_entry import RootEntry


@dataclass(frozen=True)
class ImageTree:
    """`entries` by path, without the data of files and without what is below `store`; `accounts`
    are the image's passwd(5) and its kin."""

    entries: Mapping[str, RootEntry]
    accounts: AccountFiles

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


_KEYS: Tuple[str, ...] = ("path", "type", "uid", "gid", "target")


def _to_dict(entry: RootEntry) -> Dict[str, Any]:
    fields = {key: getattr(entry, key) for key in _KEYS}
    return {**fields, "mode": f"{entry.mode:04o}"}


def _from_dict(fields: Mapping[str, Any]) -> RootEntry:
    values = {key: fields[key] for key in _KEYS}
    return RootEntry(mode=int(fields["mode"], 8), **values)
