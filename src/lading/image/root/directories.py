"""Directories that an image declares in its field `directories`."""

import re
from dataclasses import dataclass
from typing import Dict, Mapping

from lading.files.root_path import parse_root_path
from lading.image.root.owner import ROOT_OWNER, Owner
from lading.values.errors import LadingError

FIELD = "directories"

#: Directories that programs take for granted. They exist unless an image says otherwise.
DEFAULT_DIRECTORIES: Mapping[str, str] = {"/tmp": "1777", "/var/tmp": "1777"}

#: Additional ones in images that declare users: root's home.
DEFAULT_HOMES: Mapping[str, str] = {"/root": "0700"}

#: In place of a mode: do not create this default directory.
NO_DIRECTORY = "none"

_DIRECTORY = re.compile(r"(?P<mode>[0-7]{3,4})(?: (?P<owner>\S+))?")


@dataclass(frozen=True)
class DirectorySpec:
    """Mode and owner of a directory in an image."""

    mode: int
    owner: Owner = ROOT_OWNER

    @classmethod
    def parse(cls, path: str, text: str) -> "DirectorySpec":
        """Parses `"0755"`, `"0750 redis:redis"` or `"0750 999:999"`."""
        match = _DIRECTORY.fullmatch(text)
        if match is None:
            raise LadingError(
                f"`{FIELD}` gives {path!r} the mode {text!r}. Write octal digits, optionally "
                'followed by an owner: "0755", "1777", "0750 redis:redis", "0750 999:999"; or '
                f'"{NO_DIRECTORY}" to leave out a default directory.'
            )
        owner = match["owner"]
        return cls(int(match["mode"], 8), Owner.parse(FIELD, path, owner) if owner else ROOT_OWNER)


@dataclass(frozen=True)
class Directories:
    """By path without leading slash: `wanted` are declared, `defaults` are created if nothing is
    there yet."""

    wanted: Mapping[str, DirectorySpec]
    defaults: Mapping[str, DirectorySpec]

    @classmethod
    def parse(cls, directories: Mapping[str, str], with_homes: bool = False) -> "Directories":
        defaults = {**DEFAULT_DIRECTORIES, **(DEFAULT_HOMES if with_homes else {})}
        wanted: Dict[str, DirectorySpec] = {}
        for path, text in sorted(directories.items()):
            key = parse_root_path(FIELD, path, is_directory=True)
            defaults.pop(path, None)
            if text != NO_DIRECTORY:
                wanted[key] = DirectorySpec.parse(path, text)
        return cls(
            wanted,
            {path[1:]: DirectorySpec.parse(path, text) for path, text in sorted(defaults.items())},
        )
