"""The image's own Python, unpacked and run on the machine that builds the image.

Its own dynamic loader starts it, so it uses nothing of the machine but the kernel.
"""

import os
import posixpath
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, Tuple

from lading.cache.cached_tree import cached_tree
from lading.cache.unpacked_segments import SegmentFile, unpack_segments
from lading.store.elf import Elf, sound_elf
from lading.store.unpacked_packages import CACHE
from lading.values.digest import Sha256
from lading.values.errors import LadingError


@dataclass(frozen=True)
class InterpreterFiles:
    """`program` is the interpreter's path in the image, without a leading slash. `segments` are tar
    files with it and the libraries that it is linked with, as paths below the sandbox."""

    program: str
    segments: Tuple[SegmentFile, ...]

    @property
    def key(self) -> str:
        """Identifies the contents of the segments."""
        digests = " ".join(segment.sha256 for segment in self.segments)
        return Sha256.of(digests.encode("ascii")).hex


@dataclass(frozen=True)
class UnpackedInterpreter:
    """`command` starts it; it ignores the environment.

    `libraries` are the names of the libraries that extension modules find through it in the image.
    """

    command: Tuple[str, ...]
    libraries: Tuple[str, ...]

    @classmethod
    def of(cls, files: InterpreterFiles) -> "UnpackedInterpreter":
        """Unpacked in the machine's cache. Raises LadingError if it can't run on this machine."""
        cache = CACHE.absolute()
        root = cached_tree(
            cache,
            cache / "python" / files.key,
            lambda tree: unpack_segments(files.segments, tree, target=_relative),
        )
        program = root / files.program
        elf = sound_elf(str(program.resolve())) if program.exists() else None
        if elf is None or elf.interpreter is None:
            raise LadingError(
                f"/{files.program} is not a Python in the image that can be started: name a "
                "package that has bin/python3 in `python`."
            )
        name = posixpath.basename(elf.interpreter)
        libraries = sorted({path.parent for path in root.rglob("lib*.so*") if path.is_file()})
        loader = next(iter(sorted(path for path in root.rglob(name) if not path.is_symlink())))
        interpreter = cls(
            (
                str(loader.absolute()),
                "--library-path",
                ":".join(str(directory.absolute()) for directory in libraries),
                str(program.absolute()),
                # Isolated, without `site`, and without writing bytecode.
                *("-I", "-S", "-B", "-X", "utf8"),
            ),
            inherited_libraries(elf, root),
        )
        interpreter._check()
        return interpreter

    def run(self, arguments: Sequence[str]) -> str:
        """Returns the output. Raises CalledProcessError if it fails."""
        finished = subprocess.run(
            [*self.command, *arguments], stdout=subprocess.PIPE, check=True, env={}, text=True
        )
        return finished.stdout

    def _check(self) -> None:
        try:
            self.run(["-c", ""])
        except (OSError, subprocess.CalledProcessError) as error:
            raise LadingError(
                f"the image's Python can't be started on this machine to compile modules: {error}. "
                "Build the image on a machine of its architecture."
            ) from error


def _relative(target: str, path: str) -> str:
    """So that an absolute link stays within the same root."""
    if not target.startswith("/"):
        return target
    return posixpath.relpath(target.lstrip("/"), posixpath.dirname(path))


def inherited_libraries(program: Elf, root: Path) -> Tuple[str, ...]:
    """The sorted names of everything in the directories in which a program makes its extension
    modules search; the program's own directories are below `root`.

    A library with DT_RUNPATH is only searched there and in the standard directories, which the
    store has none of. One with DT_RPATH, as auditwheel sets it, or with neither also uses the
    search path of the program that loads it (ld.so(8)).
    """
    directories = () if program.runpath else program.rpath
    places = (root / directory.lstrip("/") for directory in directories)
    return tuple(sorted({name for place in places if place.is_dir() for name in os.listdir(place)}))
