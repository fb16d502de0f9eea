"""The image's own Python, unpacked and run where the image is built.

It is started by its own dynamic loader, so that nothing of the machine but the kernel takes part.
"""

import json
import os
import posixpath
import shutil
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from lading.errors import LadingError
from lading.made_once import made_once, workplace
from lading.python.elf_search_path import inherited_libraries
from lading.store.cache import CACHE
from lading.store.elf import sound_elf

_CHUNK = 1 << 20


@dataclass(frozen=True)
class InterpreterFiles:
    """`program` is the interpreter's path in the image, without a leading slash; `segments` are
    tar files that hold it and what it is linked with, as paths below the sandbox. `key` stands for
    their contents."""

    program: str
    segments: Tuple[str, ...]
    key: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True) + "\n"

    @classmethod
    def from_dict(cls, fields: Optional[Dict[str, Any]]) -> "Optional[InterpreterFiles]":
        """From what `dataclasses.asdict` makes of it, or of None, by way of JSON."""
        if fields is None:
            return None
        return cls(fields["program"], tuple(fields["segments"]), fields["key"])


@dataclass(frozen=True)
class UnpackedInterpreter:
    """`command` starts it; it takes no notice of the environment.

    `libraries` are the names of those that extension modules find by it in the image.
    """

    command: Tuple[str, ...]
    libraries: Tuple[str, ...]

    @classmethod
    def of(cls, files: InterpreterFiles) -> "UnpackedInterpreter":
        """Unpacked in the machine's cache. LadingError if it can't run on this machine."""
        place = (CACHE / "python" / files.key).absolute()
        root = made_once(place, lambda place: _unpack_all(files, place))
        program = root / files.program
        elf = sound_elf(str(program.resolve())) if program.exists() else None
        if elf is None or elf.interpreter is None:
            raise LadingError(
                f"/{files.program} is no Python of the image that can be started: name a package "
                "that has bin/python3 in `python`."
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
                # Isolated, without `site`, and leaving no bytecode of its own.
                *("-I", "-S", "-B", "-X", "utf8"),
            ),
            inherited_libraries(elf, root),
        )
        interpreter._check()
        return interpreter

    def run(self, arguments: Sequence[str]) -> str:
        """What it prints; CalledProcessError if it fails."""
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


def _unpack_all(files: InterpreterFiles, place: Path) -> None:
    with workplace(place) as work:
        for segment in files.segments:
            _unpack(Path(segment), work / "root")
        (work / "root").rename(place)


def _unpack(segment: Path, root: Path) -> None:
    """Files and links; the order of members does not matter, and modes but for the owner's `x`."""
    hard_links: List[Tuple[Path, Path]] = []
    with tarfile.open(segment, "r:", encoding="utf-8", errors="surrogateescape") as archive:
        for info in archive:
            place = root / info.name
            if info.isdir():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if info.issym():
                place.symlink_to(_relative(info.linkname, info.name))
            elif info.islnk():
                hard_links.append((root / info.linkname, place))
            else:
                content = archive.extractfile(info)
                assert content is not None, "a segment holds files, directories and links"
                with place.open("wb") as output:
                    shutil.copyfileobj(content, output, _CHUNK)
                os.chmod(place, 0o755 if info.mode & 0o100 else 0o644)
    for first, place in hard_links:
        os.link(first, place)


def _relative(target: str, path: str) -> str:
    """So that an absolute link leads to the same root."""
    if not target.startswith("/"):
        return target
    return posixpath.relpath(target.lstrip("/"), posixpath.dirname(path))
