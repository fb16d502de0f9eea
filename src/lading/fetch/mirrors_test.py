from pathlib import Path
from typing import List

import pytest

from lading.fetch.client import Client
from lading.fetch.mirrors import DirectPlace, ListedPlace, places
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.pip_configuration import pip_indexes
from lading.network.faults import GoneError
from lading.network.faulty_server_testing import FaultyServer, Reply
from lading.network.source_url import SourceUrl
from lading.runtime.machine import Machine
from lading.values.digest import Sha256


def pinned(*urls: str) -> PinnedFile:
    parsed = tuple(SourceUrl.parse(url) for url in urls)
    return PinnedFile("file", parsed, Sha256("0" * 64), snapshot="20250520T000000Z")


def test_plain_urls_are_their_own_places_in_their_order() -> None:
    urls = ["https://b.example/x", "file:/srv/x", "http://a.example/x?y"]
    found = list(places(pinned(*urls), Machine(environment={})))
    assert found == [DirectPlace(url) for url in urls]


def test_debian_files_lie_at_the_machines_mirrors_then_at_the_snapshot() -> None:
    machine = Machine(environment={}, debian_mirrors=("http://a.example/debian/",))
    url = "mirror://debian/pool/main/a/x_1+2~3:4.deb"
    found: List[str] = [place.url for place in places(pinned(url), machine)]
    assert found[0] == "http://a.example/debian/pool/main/a/x_1%2B2~3%3A4.deb"
    assert "https://snapshot.debian.org/archive/debian/20250520T" in found[-2]


def test_python_files_lie_where_pants_is_configured_to_look(tmp_path: Path) -> None:
    machine = Machine(
        environment={},
        python_indexes=("https://a.example/simple/",),
        python_find_links=(str(tmp_path), f"file://{tmp_path}", "https://b.example/links"),
    )
    found = list(places(pinned("mirror://pypi/Foo_Bar/foo+1.whl"), machine))
    assert found == [
        DirectPlace(f"file://{tmp_path}/foo%2B1.whl"),
        DirectPlace(f"file://{tmp_path}/foo%2B1.whl"),
        ListedPlace("https://b.example/links", "foo+1.whl"),
        ListedPlace("https://a.example/simple/foo-bar/", "foo+1.whl"),
    ]


def test_python_files_lie_else_where_pip_is_configured_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://a.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links.html"))
    pip_indexes.cache_clear()
    found = list(places(pinned("mirror://pypi/foo/foo-1.whl"), Machine(environment={})))
    pip_indexes.cache_clear()
    assert found[0] == ListedPlace(f"file://{tmp_path}/links.html", "foo-1.whl")
    assert found[1] == ListedPlace("https://a.example/simple/foo/", "foo-1.whl")


def test_a_listed_place_is_looked_up_in_its_page() -> None:
    with FaultyServer() as server:
        page = Reply(200, b'<a href="../files/foo-1.whl">', {"Content-Type": "text/html"})
        url = server.serve("/simple/foo/", page)
        place = ListedPlace(url, "foo-1.whl")
        assert place.locate(Client()).url == server.url + "/simple/files/foo-1.whl"
        with pytest.raises(GoneError, match=r"it does not list foo-2\.whl"):
            ListedPlace(url, "foo-2.whl").locate(Client())
