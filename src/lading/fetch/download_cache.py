"""Downloaded files of this machine, named by their digest.

    <directory>/<sha256>         a complete file; verified at every use
    <directory>/<sha256>.part    the beginning of a file, locked (flock) by whoever continues it

It outlives the sandbox, so that an interrupted download continues where it stopped, and a lock with
one more package fetches only that package.
"""

import hashlib
import logging
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Callable, Iterator, Optional

from lading.fetch.partial_file import PartialFile
from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.locked_file import open_locked
from lading.values.digest import Sha256

logger = logging.getLogger(__name__)

_CHUNK = 1 << 20


@dataclass(frozen=True)
class DownloadCache:
    directory: str

    @classmethod
    def of_this_machine(cls, otherwise: str) -> "DownloadCache":
        """The cache that outlives the sandbox, or one in `otherwise` if Pants links no cache into
        the sandbox, as on a remote worker."""
        return cls(os.path.join(CACHE_DIR if os.path.isdir(CACHE_DIR) else otherwise, "downloads"))

    def provide(self, sha256: Sha256, target: str, complete: Callable[[PartialFile], None]) -> None:
        """Write the file to the new path `target`. If the cache lacks it, `complete` downloads what
        a part of it lacks, and verifies it."""
        is_cached = True
        while not self.copy_to(sha256, target):  # again, if what another process left is damaged
            is_cached = False
            with self.part(sha256) as part:
                if part is not None:
                    complete(part)
        if is_cached:
            logger.debug("%s was downloaded before: %s", os.path.basename(target), sha256)

    def copy_to(self, sha256: Sha256, target: str) -> bool:
        """Write the file to the new path `target`, if the cache has it.

        A cached file whose content does not match its name is removed.
        """
        cached = self._path(sha256)
        try:
            with open(cached, "rb") as source, open(target, "xb") as copy:
                if _copy(source, copy) == sha256:
                    with suppress(OSError):  # fails if somebody else owns it
                        os.utime(cached)  # so that it counts as used
                    return True
        except FileNotFoundError:
            return False
        os.unlink(target)
        with suppress(FileNotFoundError):  # another process may have found the same
            os.unlink(cached)
        return False

    @contextmanager
    def part(self, sha256: Sha256) -> Iterator[Optional[PartialFile]]:
        """The part with this digest, locked until the block ends; other threads and processes wait.
        None if one of them has completed the file in the meantime.

        If the block succeeds, the part must be complete, and becomes the cached file. If it fails,
        the part is kept for the next time.
        """
        os.makedirs(self.directory, exist_ok=True)
        path = self._path(sha256) + ".part"
        handle = open_locked(Path(path), 0o644)
        try:
            if os.path.exists(self._path(sha256)):
                os.unlink(path)
                yield None
                return
            part = PartialFile(handle)
            try:
                yield part
            except BaseException:
                handle.flush()
                if part.size == 0:
                    os.unlink(path)
                raise
            handle.flush()
            os.replace(path, self._path(sha256))
        finally:
            handle.close()

    def _path(self, sha256: Sha256) -> str:
        return os.path.join(self.directory, sha256.hex)


def _copy(source: BinaryIO, target: BinaryIO) -> Sha256:
    copied = hashlib.sha256()
    while True:
        chunk = source.read(_CHUNK)
        if not chunk:
            return Sha256(copied.hexdigest())
        copied.update(chunk)
        target.write(chunk)
