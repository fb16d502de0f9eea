"""The Python package indexes that pip is configured with on this machine."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, Tuple

from lading.network.source_url import redacted
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

#: pip's sections; later ones override earlier ones (pip documentation, "Configuration").
_SECTIONS = ("global", "install", ":env:")

#: The time limit for reading a few files on a machine under load.
_SECONDS = 60


@dataclass(frozen=True)
class PipIndexes:
    """URLs of simple indexes, and directories or pages of links, in pip's order."""

    indexes: Tuple[str, ...]
    find_links: Tuple[str, ...]


@lru_cache(maxsize=None)
def pip_indexes() -> PipIndexes:
    """The configuration of this interpreter's pip: its files, `PIP_...` in the environment, or else
    pip's default index. Raises LadingError if there is no pip.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise _unknown(f"no answer in {_SECONDS} seconds") from error
    if asked.returncode != 0:
        raise _unknown(printable(shown(redacted(asked.stderr.strip()))))
    settings = _settings(asked.stdout)
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return PipIndexes((), _words(settings, "find-links"))
    index = _words(settings, "index-url") or (_built_in_index(),)
    return PipIndexes(index + _words(settings, "extra-index-url"), _words(settings, "find-links"))


def _unknown(reason: str) -> LadingError:
    return LadingError(
        f"pip of {sys.executable} does not report its configuration ({reason}), so there is no "
        "Python package index. Set `[python-repos].indexes` in pants.toml."
    )


def _settings(listing: str) -> Dict[str, str]:
    """Name to value from the output of `pip config list`: lines such as
    `global.index-url='...'`."""
    found: Dict[str, Dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.strip().partition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    merged: Dict[str, str] = {}
    for section in _SECTIONS:
        merged.update(found[section])
    return merged


def _words(settings: Dict[str, str], name: str) -> Tuple[str, ...]:
    return tuple(os.path.expanduser(word) for word in settings.get(name, "").split())


def _built_in_index() -> str:
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)
