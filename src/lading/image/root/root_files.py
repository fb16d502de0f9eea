"""Files and symlinks that an image declares in its fields `files` and `symlinks`.

    files={"/etc/motd": "Hello\\n"}
    files={"/etc/redis.conf": {"text": "port 6379\\n", "mode": "0640", "owner": "redis:redis"}}
    files={"/srv/app.pex": {"source": "//src/app"}}
    symlinks={"/bin/sh": "{//3rdparty/bash}/bin/bash"}
"""

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping

from lading.files.container_path import check_characters, check_length, shown
from lading.files.root_path import parse_root_path
from lading.image.root.file_trees import is_tree
from lading.image.root.owner import ROOT_OWNER, Owner
from lading.values.errors import LadingError

#: Modes of files. The second is for an executable source if no mode is given.
DEFAULT_MODE, PROGRAM_MODE = "0644", "0755"

#: Where containerd looks users up; it does not follow absolute links there (containerd#12683).
_USERS = ("/etc", "/etc/group", "/etc/passwd")

_KEYS = ("text", "source", "mode", "owner")
_MODE = re.compile(r"[0-7]{3,4}")


@dataclass(frozen=True)
class FileSpec:
    """A file's bytes are `text`, or those of the file `source` unless that is empty."""

    text: str
    source: str
    mode: int
    owner: Owner

    @classmethod
    def parse(cls, path: str, value: Any) -> "FileSpec":
        fields = {"text": value} if isinstance(value, str) else value
        if not isinstance(fields, Mapping):
            raise LadingError(
                f"`files` gives {path!r} the value {value!r}. Write the file's text, or a "
                'dictionary such as `{"text": "...", "mode": "0640", "owner": "redis:redis"}`.'
            )
        for key in fields:
            if key not in _KEYS:
                raise LadingError(
                    f"`files` gives {path!r} the unknown key {key!r}. The keys are "
                    f"{', '.join(_KEYS)}."
                )
        contents = [key for key in ("text", "source") if isinstance(fields.get(key), str)]
        if len(contents) != 1 or ("text" in fields and "source" in fields):
            raise LadingError(
                f"`files` must give {path!r} either a `text` or, as `source`, the address of a "
                "target with one file; both are strings."
            )
        mode = fields.get("mode", DEFAULT_MODE)
        if not isinstance(mode, str) or not _MODE.fullmatch(mode):
            raise LadingError(
                f"`files` gives {path!r} the mode {mode!r}. Write a string of octal digits such as "
                '"0644" or "0755".'
            )
        owner = Owner.parse("files", path, fields["owner"]) if "owner" in fields else ROOT_OWNER
        return cls(fields.get("text", ""), fields.get("source", ""), int(mode, 8), owner)


def parse_files(files: Mapping[str, Any]) -> Dict[str, FileSpec]:
    """Files by path without leading slash. Trees are left out (`lading.image.root.file_trees`)."""
    return {
        parse_root_path("files", path): FileSpec.parse(path, value)
        for path, value in sorted(files.items())
        if not is_tree(path)
    }


def parse_symlinks(symlinks: Mapping[str, str]) -> Dict[str, str]:
    """Targets by path without leading slash."""
    for path, target in symlinks.items():
        where = f"`symlinks` gives {shown(path)} the target {shown(target)}"
        if not target:
            raise LadingError(f"{where}. Write the path that the link leads to.")
        check_characters(where, target)
        check_length(where, target)
        if path in _USERS and target.startswith("/"):
            raise LadingError(
                f"`symlinks` gives {path!r} the absolute target {target!r}, at which containerd "
                "would find no users. Declare them in `users` and `groups`, put the package into "
                "`contents`, or write a relative target."
            )
    return {parse_root_path("symlinks", path): target for path, target in sorted(symlinks.items())}
