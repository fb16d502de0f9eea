"""/etc/shells, as update-shells(8) and add-shell(8) of debianutils write it."""

import posixpath
from typing import Iterable, Iterator, Mapping

from lading.debs.unpack import merged

PATH, STATE = "etc/shells", "var/lib/shells.state"
TEMPLATE, SHELLS = "usr/share/debianutils/shells", "usr/share/debianutils/shells.d"


def shells_text(present: str, shells: Iterable[str], added: Iterable[str] = ()) -> str:
    """`present` plus the missing shells: those that packages declare, and those that add-shell
    adds. Each has its path on a merged /usr."""
    lines = dict.fromkeys(present.splitlines())
    lines.update(dict.fromkeys(_variants((*shells, *added))))
    return "".join(f"{line}\n" for line in lines)


def state_text(shells: Iterable[str]) -> str:
    return "".join(f"{shell}\n" for shell in dict.fromkeys(_variants(shells)))


def declared(texts: Mapping[str, str]) -> Iterator[str]:
    """The shells that the template and the files of `SHELLS`, given as text by path, declare."""
    for path in sorted(texts, key=lambda path: (path != TEMPLATE, path)):
        for line in texts[path].splitlines():
            shell = line.partition("#")[0].strip()
            if shell:
                yield shell


def is_declaration(path: str) -> bool:
    return path == TEMPLATE or posixpath.dirname(path) == SHELLS


def _variants(shells: Iterable[str]) -> Iterator[str]:
    for shell in shells:
        yield shell
        real = f"/{merged(shell.lstrip('/'))}"
        if real != shell:
            yield real
