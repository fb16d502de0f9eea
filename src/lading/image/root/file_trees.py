"""Whole directories that an image takes from other targets, in its field `files`.

    files={"/srv/www/": {"source": "//src/site:pages"}}
    files={"/srv/www/": {"source": ":pages", "mode": "0640", "owner": "root:www-data"}}
    files={"/opt/tool/": {"source": "//src/tool:archive", "unpack": True}}

The slash at the end of the path distinguishes them from files.
"""

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional

from lading.files.root_path import parse_root_path
from lading.image.root.owner import ROOT_OWNER, Owner
from lading.values.errors import LadingError

_KEYS = ("source", "mode", "owner", "unpack")
_MODE = re.compile(r"[0-7]{3,4}")

# The bits of a mode that allow reading, and those that allow executing or searching.
_READ = 0o444
_EXECUTE_SHIFT = 2


@dataclass(frozen=True)
class TreeSpec:
    """`source` is the address of a target; its only archive is unpacked if `unpack` is set.

    `mode` applies to plain files; None means the default.
    """

    source: str
    mode: Optional[int]
    owner: Owner
    unpack: bool

    @classmethod
    def parse(cls, path: str, value: Any) -> "TreeSpec":
        if not isinstance(value, Mapping) or not isinstance(value.get("source"), str):
            raise LadingError(
                f"`files` gives {path!r} the value {value!r}. A path that ends in a slash is a "
                'directory: write a dictionary such as `{"source": "//src/site:pages"}`, or leave '
                "the slash out."
            )
        for key in value:
            if key not in _KEYS:
                raise LadingError(
                    f"`files` gives {path!r} the unknown key {key!r}. The keys of directories are "
                    f"{', '.join(_KEYS)}."
                )
        mode, unpack = value.get("mode"), value.get("unpack", False)
        if mode is not None and not (isinstance(mode, str) and _MODE.fullmatch(mode)):
            raise LadingError(
                f"`files` gives {path!r} the mode {mode!r}. Write a string of octal digits such as "
                '"0644"; programs and directories get `x` wherever that has `r`.'
            )
        if not isinstance(unpack, bool):
            raise LadingError(
                f"`files` gives {path!r} the value {unpack!r} for `unpack`. Write True or False."
            )
        owner = Owner.parse("files", path, value["owner"]) if "owner" in value else ROOT_OWNER
        return cls(value["source"], None if mode is None else int(mode, 8), owner, unpack)


def is_tree(path: str) -> bool:
    return path.endswith("/")


def parse_trees(files: Mapping[str, Any]) -> Dict[str, TreeSpec]:
    """By path without slashes at its ends."""
    return {
        parse_root_path("files", path[:-1] or "/"): TreeSpec.parse(path, value)
        for path, value in sorted(files.items())
        if is_tree(path)
    }


def executable_mode(mode: int) -> int:
    """The mode of programs and directories if plain files have `mode`."""
    return mode | (mode & _READ) >> _EXECUTE_SHIFT
