from pathlib import Path
from typing import Mapping

import pytest

from lading.fetch.apt_sources import AptSource, read_apt_sources


def apt(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def test_reads_deb822_sources(tmp_path: Path) -> None:
    text = """\
# a comment
Types: deb deb-src
URIs: http://one.example/debian/ https://two.example/debian
Suites: bookworm bookworm-updates
# a comment amid fields
Components: main
  contrib
Signed-By: /usr/share/keyrings/a.gpg

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main
"""
    assert read_apt_sources(apt(tmp_path, {"sources.list.d/debian.sources": text})) == (
        AptSource(
            uris=("http://one.example/debian", "https://two.example/debian"),
            suites=("bookworm", "bookworm-updates"),
            components=("main", "contrib"),
            signed_by=("/usr/share/keyrings/a.gpg",),
        ),
        AptSource(
            uris=("http://one.example/debian-security",),
            suites=("bookworm-security",),
            components=("main",),
        ),
    )


@pytest.mark.parametrize(
    "line, expected",
    [
        (
            "deb http://one.example/debian bookworm main contrib # why",
            AptSource(("http://one.example/debian",), ("bookworm",), ("main", "contrib")),
        ),
        (
            "deb [ arch=amd64 signed-by=/a.gpg,/b.gpg ] https://one.example/debian/ sid main",
            AptSource(("https://one.example/debian",), ("sid",), ("main",), ("/a.gpg", "/b.gpg")),
        ),
        (
            "deb [trusted=yes] file:/srv/debian bookworm main",
            AptSource(("file:/srv/debian",), ("bookworm",), ("main",)),
        ),
    ],
)
def test_reads_one_line_sources(tmp_path: Path, line: str, expected: AptSource) -> None:
    assert read_apt_sources(apt(tmp_path, {"sources.list": line + "\n"})) == (expected,)


@pytest.mark.parametrize(
    "name, text, reason",
    [
        ("sources.list", "# deb http://a.example bookworm main", "commented out"),
        ("sources.list", "deb-src http://a.example bookworm main", "source packages"),
        ("sources.list", "deb cdrom:[Debian]/ bookworm main", "no transport for us"),
        ("sources.list", "deb http://a.example ./", "flat repository"),
        ("sources.list.d/a.disabled", "deb http://a.example bookworm main", "other suffix"),
        (
            "sources.list.d/a.sources",
            "Types: deb\nEnabled: no\nURIs: http://a.example\nSuites: sid\nComponents: main",
            "disabled",
        ),
        (
            "sources.list.d/a.sources",
            "Types: deb-src\nURIs: http://a.example\nSuites: sid\nComponents: main",
            "source packages",
        ),
    ],
)
def test_leaves_out(tmp_path: Path, name: str, text: str, reason: str) -> None:
    assert read_apt_sources(apt(tmp_path, {name: text})) == (), reason


def test_unfolds_keys_inside_signed_by(tmp_path: Path) -> None:
    text = """\
Types: deb
URIs: http://a.example
Suites: sid
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEYCQjIxYJKwYBBAHaRw8BAQdAD/P5Nvvnvk66SxBBHDbhRml9ORg1WV5CvzKY
 -----END PGP PUBLIC KEY BLOCK-----
"""
    (source,) = read_apt_sources(apt(tmp_path, {"sources.list.d/a.sources": text}))
    assert source.signed_by == (
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n"
        "mDMEYCQjIxYJKwYBBAHaRw8BAQdAD/P5Nvvnvk66SxBBHDbhRml9ORg1WV5CvzKY\n"
        "-----END PGP PUBLIC KEY BLOCK-----\n",
    )


def test_sources_list_comes_first_then_the_others_by_name(tmp_path: Path) -> None:
    directory = apt(
        tmp_path,
        {
            "sources.list.d/b.list": "deb http://b.example sid main",
            "sources.list.d/a.list": "deb http://a.example sid main",
            "sources.list": "deb http://c.example sid main",
        },
    )
    uris = [source.uris[0] for source in read_apt_sources(directory)]
    assert uris == ["http://c.example", "http://a.example", "http://b.example"]
