"""The machine's own apt sources: its Debian mirrors, and the keys that it trusts.

Formats: sources.list(5), "ONE-LINE-STYLE FORMAT" and "DEB822-STYLE FORMAT".
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

from lading.debs.deb822 import paragraphs

APT_DIRECTORY = Path("/etc/apt")

#: The schemes of base URLs that Lading supports. apt knows more (cdrom, ssh, mirror and others).
_SCHEMES = ("http://", "https://", "file:/")


@dataclass(frozen=True)
class AptSource:
    """One entry of `sources.list`.

    `uris` end without a slash. `signed_by` holds the words of `Signed-By`: paths of keyrings,
    fingerprints, or one armored block of keys; empty means apt's trusted keys.
    """

    uris: Tuple[str, ...]
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    signed_by: Tuple[str, ...] = ()


def read_apt_sources(directory: Path = APT_DIRECTORY) -> Tuple[AptSource, ...]:
    """The enabled sources of binary packages in apt's order: `sources.list`, then the others by
    name. Empty if apt is not installed. Flat repositories (a suite that ends with a slash) and
    schemes other than http, https and file are left out.
    """
    files = [directory / "sources.list"]
    parts = directory / "sources.list.d"
    if parts.is_dir():
        files += sorted(parts.iterdir(), key=lambda path: path.name)
    found: List[AptSource] = []
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += _deb822(text) if path.suffix == ".sources" else _one_line(text)
    return tuple(source for source in found if source.uris and source.suites)


def _source(
    uris: List[str], suites: List[str], components: List[str], signed_by: Tuple[str, ...]
) -> AptSource:
    return AptSource(
        uris=tuple(uri.rstrip("/") for uri in uris if uri.startswith(_SCHEMES)),
        suites=tuple(suite for suite in suites if not suite.endswith("/")),
        components=tuple(components),
        signed_by=signed_by,
    )


def _one_line(text: str) -> Iterator[AptSource]:
    for line in text.splitlines():
        entry = re.fullmatch(r"\s*deb\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)(?:#.*)?", line)
        if entry is None:
            continue
        options, uri, suite, components = entry.groups()
        signed_by = re.search(r"(?:^|\s)signed-by=(\S+)", options or "", re.IGNORECASE)
        yield _source(
            [uri],
            [suite],
            components.split(),
            tuple(signed_by.group(1).split(",")) if signed_by else (),
        )


def _deb822(text: str) -> Iterator[AptSource]:
    for fields in paragraphs(text):
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "without", "off"):
            continue
        yield _source(
            fields.get("uris", "").split(),
            fields.get("suites", "").split(),
            fields.get("components", "").split(),
            _signed_by(fields.get("signed-by", "")),
        )


def _signed_by(value: str) -> Tuple[str, ...]:
    if "-----BEGIN PGP" not in value:
        return tuple(value.replace(",", " ").split())
    # deb822 indents each line of the block by a blank and writes an empty line as " ."
    lines = (line.strip() for line in value.strip().splitlines())
    return ("\n".join("" if line == "." else line for line in lines) + "\n",)
