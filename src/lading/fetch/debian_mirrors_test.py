from pathlib import Path

from lading.fetch.debian_mirrors import debian_base_urls
from lading.runtime.machine import Machine

SOURCES = """\
deb http://one.example/debian bookworm main
deb http://one.example/debian bookworm-updates main
deb http://one.example/debian-security bookworm-security main
deb http://other.example/linux bookworm stable
"""
STAMP = "20260102T030405Z"
SNAPSHOTS = [
    "https://snapshot.debian.org/archive/debian/20260102T150405Z",
    "https://snapshot.debian.org/archive/debian-security/20260102T150405Z",
]


def test_apt_sources_of_debian_then_snapshot_each_once(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(SOURCES)
    assert debian_base_urls(Machine({}), timestamp=STAMP, apt_directory=tmp_path) == [
        "http://one.example/debian",
        "http://one.example/debian-security",
        *SNAPSHOTS,
    ]


def test_sources_with_the_suite_come_before_the_others(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(SOURCES)
    urls = debian_base_urls(Machine({}), "bookworm-security", STAMP, tmp_path)
    assert urls[:2] == ["http://one.example/debian-security", "http://one.example/debian"]


def test_configured_mirrors_come_first(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(SOURCES)
    machine = Machine({}, debian_mirrors=("https://mirror.example/debian/",))
    assert debian_base_urls(machine, apt_directory=tmp_path)[0] == "https://mirror.example/debian"


def test_without_apt_there_is_snapshot_alone(tmp_path: Path) -> None:
    missing = tmp_path / "no-apt"
    assert debian_base_urls(Machine({}), None, STAMP, missing) == SNAPSHOTS


def test_snapshot_of_now_when_no_time_is_given(tmp_path: Path) -> None:
    urls = debian_base_urls(Machine({}), apt_directory=tmp_path)
    assert [url.rsplit("/", 1)[0] for url in urls] == [
        "https://snapshot.debian.org/archive/debian",
        "https://snapshot.debian.org/archive/debian-security",
    ]
