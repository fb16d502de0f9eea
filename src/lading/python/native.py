"""Libraries that extension modules and programs need but their wheel does not contain."""

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Collection, Dict, Iterable, List, Tuple

from lading.files.kind import Kind
from lading.store.elf import sound_elf
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

# The most libraries that a message lists.
_MOST_LISTED = 5


@dataclass(frozen=True)
class NativeNeed:
    """The file at `path` in the image needs `library`."""

    path: str
    library: str


@dataclass(frozen=True)
class NativeNeeds:
    """What a wheel needs but does not contain."""

    needs: Tuple[NativeNeed, ...]


def native_needs(files: Iterable[TreeFile]) -> Tuple[NativeNeed, ...]:
    """What the ELF files among `files` need that is not among them, in any directory: wheels also
    load their own libraries by path."""
    listed = [file for file in files if file.member.kind != Kind.DIRECTORY]
    own = {posixpath.basename(file.member.path) for file in listed}
    needs: List[NativeNeed] = []
    for file in listed:
        elf = sound_elf(str(file.content)) if isinstance(file.content, Path) else None
        if elf is not None:
            needs += (NativeNeed(file.member.path, name) for name in elf.needed if name not in own)
    return tuple(needs)


def check_needs(needs: Iterable[NativeNeed], offered: Collection[str], remedy: str) -> None:
    """Raises LadingError with the libraries that are not `offered`, each with a file that needs it,
    and the `remedy`."""
    missing: Dict[str, str] = {}
    for need in needs:
        name = posixpath.basename(need.library)
        if name not in offered:
            missing.setdefault(name, need.path)
    if not missing:
        return
    listed = [f"{name} (by /{path})" for name, path in sorted(missing.items())[:_MOST_LISTED]]
    if len(missing) > _MOST_LISTED:
        listed.append(f"{len(missing) - _MOST_LISTED} more")
    raise LadingError(
        f"`pex` needs libraries that are not in the image: {', '.join(listed)}. {remedy}"
    )
