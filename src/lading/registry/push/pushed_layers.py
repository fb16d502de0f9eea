"""Remembers in which repository of a registry this machine last saw a layer.

    <directory>/<registry>/<sha256 of the layer>    the repository's name in the registry

Each image is published by its own process; the next one can mount a layer that an earlier one has
uploaded. This is only a hint: a layer that is gone is uploaded again.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from lading.image.reference import Repository
from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.whole_file import write_whole
from lading.values.digest import Sha256
from lading.values.errors import LadingError


@dataclass(frozen=True)
class PushedLayers:
    """Without a `directory` nothing is known and nothing is recorded."""

    directory: Optional[str] = None

    @classmethod
    def of_this_machine(cls) -> "PushedLayers":
        """The records that outlive the sandbox, where Pants links a cache into it."""
        return cls(os.path.join(CACHE_DIR, "pushed") if os.path.isdir(CACHE_DIR) else None)

    def find(self, registry: str, digest: Sha256) -> Optional[Repository]:
        if self.directory is None:
            return None
        try:
            path = self._path(self.directory, registry, digest).read_text(encoding="utf-8")
            return Repository.parse(f"{registry}/{path}")
        except (OSError, ValueError, LadingError):
            return None

    def note(self, repository: Repository, digest: Sha256) -> None:
        """Errors are ignored, since the layer has been pushed."""
        if self.directory is None:
            return
        path = self._path(self.directory, repository.registry, digest)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, repository.api_path)

    def _path(self, directory: str, registry: str, digest: Sha256) -> Path:
        return Path(directory, registry, digest.hex)
