"""The content of a store package: the build's record of its files.

Later steps read this list and never call `stat`: Pants changes the modes of files that it
materialises.
"""

import json
from dataclasses import dataclass
from typing import Any, Dict, Tuple

from lading.files.kind import Kind

#: The only modes in the store (Nix: "posix-fs-canonicalise").
EXECUTABLE_MODE, PLAIN_MODE = 0o555, 0o444


@dataclass(frozen=True)
class Member:
    """One file, directory or symlink.

    `path` is relative to the package's root; the root itself is the path "". `sha256` (hex) and
    `size` (bytes) describe a file; `hardlink` is the path of an earlier member that is the same
    file, or ""; `target` is a symlink's text.
    """

    path: str
    type: Kind
    mode: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    hardlink: str = ""

    def to_dict(self) -> Dict[str, Any]:
        fields: Dict[str, Any] = {
            "path": self.path,
            "type": self.type.value,
            "mode": f"{self.mode:04o}",
        }
        if self.type == Kind.FILE:
            fields.update(size=self.size, sha256=self.sha256)
            if self.hardlink:
                fields["hardlink"] = self.hardlink
        elif self.type == Kind.SYMLINK:
            fields["target"] = self.target
        return fields

    @classmethod
    def from_dict(cls, fields: Dict[str, Any]) -> "Member":
        return cls(
            path=fields["path"],
            type=Kind(fields["type"]),
            mode=int(fields["mode"], 8),
            size=fields.get("size", 0),
            sha256=fields.get("sha256", ""),
            target=fields.get("target", ""),
            hardlink=fields.get("hardlink", ""),
        )


def members_to_json(members: Tuple[Member, ...]) -> str:
    """One member per line, in the given order."""
    lines = ",\n".join(json.dumps(member.to_dict(), sort_keys=True) for member in members)
    return '{"members": [\n' + lines + "\n]}\n"


def members_from_json(text: str) -> Tuple[Member, ...]:
    return tuple(Member.from_dict(fields) for fields in json.loads(text)["members"])
