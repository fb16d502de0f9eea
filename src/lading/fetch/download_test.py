import hashlib
import random
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

from lading.fetch.client import Client
from lading.fetch.download import download
from lading.fetch.download_cache import DownloadCache
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.pip_configuration import pip_indexes
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.network.source_url import SourceUrl
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError

BODY = random.Random(1).getrandbits(8 * 200_000).to_bytes(200_000, "big")
MACHINE = Machine(environment={})
DIGEST = Sha256(hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


class Downloading:
    def __init__(self, directory: Path, machine: Machine = MACHINE) -> None:
        self.directory = directory
        self.cache = DownloadCache(str(directory))
        self.machine = machine
        self.reports: List[str] = []

    def __call__(
        self, *urls: str, size: Optional[int] = None, resolve: Optional[str] = None
    ) -> None:
        parsed = tuple(SourceUrl.parse(url) for url in urls)
        file = PinnedFile("file", parsed, DIGEST, size=size, resolve=resolve)
        client = Client(sleep=lambda seconds: None)
        with self.cache.part(DIGEST) as part:
            if part is not None:
                download(part, file, self.machine, client, self.reports.append)

    def sentence(self, *urls: str, resolve: Optional[str] = None) -> str:
        with pytest.raises(LadingError) as raised:
            self(*urls, resolve=resolve)
        return str(raised.value)

    def content(self) -> Optional[bytes]:
        """The content of the cache; unfinished parts don't count."""
        path = self.directory / DIGEST.hex
        return path.read_bytes() if path.exists() else None

    def part(self) -> Optional[bytes]:
        path = self.directory / f"{DIGEST.hex}.part"
        return path.read_bytes() if path.exists() else None


@pytest.fixture
def downloading(tmp_path: Path) -> Downloading:
    return Downloading(tmp_path)


@pytest.mark.parametrize(
    "bad",
    [
        Reply(404),
        Reply(410),
        Reply(403),
        Reply(500),
        Reply(body=BODY[::-1]),
        Reply(body=BODY[:-1]),
        Reply(body=b"<html>Please log in</html>"),
        Ranged(body=BODY, cut=50),
        Ranged(body=BODY[::-1], cut=70_000),
        Reply(302, headers={"Location": "/nowhere"}),
    ],
)
@pytest.mark.parametrize("size", [None, len(BODY)])
def test_takes_the_next_place_when_one_fails(
    server: FaultyServer, downloading: Downloading, bad: Reply, size: Optional[int]
) -> None:
    first, second = server.serve("/bad", bad), server.serve("/good", Ranged(body=BODY))
    downloading(first, second, size=size)
    assert downloading.content() == BODY
    assert downloading.part() is None
    assert downloading.reports[0].startswith(first)
    assert downloading.reports[-1] == f"file: 0.2 MB from {second}"


def test_pieces_of_different_files_are_thrown_away(
    server: FaultyServer, downloading: Downloading
) -> None:
    url = server.serve("/file", Ranged(body=BODY[::-1], cut=9), Ranged(body=BODY))
    downloading(url)
    assert downloading.content() == BODY
    assert server.ranges("/file") == (None, "bytes=9-", None)


def test_a_part_of_an_earlier_run_is_continued(
    server: FaultyServer, downloading: Downloading
) -> None:
    (downloading.directory / f"{DIGEST.hex}.part").write_bytes(BODY[:1234])
    downloading(server.serve("/file", Ranged(body=BODY)))
    assert downloading.content() == BODY
    assert server.ranges("/file") == ("bytes=1234-",)


def test_a_damaged_part_of_an_earlier_run_is_thrown_away(
    server: FaultyServer, downloading: Downloading
) -> None:
    (downloading.directory / f"{DIGEST.hex}.part").write_bytes(b"x" * len(BODY))
    downloading(server.serve("/file", Ranged(body=BODY)), size=len(BODY))
    assert downloading.content() == BODY


def test_what_there_is_at_the_last_failure_stays_for_the_next_run(
    server: FaultyServer, downloading: Downloading
) -> None:
    url = server.serve("/file", Ranged(body=BODY, cut=100), Reply(500))
    assert "HTTP status 500" in downloading.sentence(url)
    assert (downloading.content(), downloading.part()) == (None, BODY[:100])


def test_wrong_content_is_reported_with_both_digests(
    server: FaultyServer, downloading: Downloading
) -> None:
    got = Sha256(hashlib.sha256(b"other").hexdigest())
    url = server.serve("/file", Reply(body=b"other"))
    assert downloading.sentence(url) == (
        f"file could not be fetched. {url}: its 5 bytes have the SHA-256 {got.hex} instead of "
        f"{DIGEST.hex}. If the file was meant to change, pin its new digest."
    )
    # Places without the file would only make the sentence longer.
    assert downloading.sentence(server.serve("/none", Reply(404)), url).startswith(
        f"file could not be fetched. {url}: its 5 bytes have the SHA-256 "
    )
    assert (downloading.content(), downloading.part()) == (None, None)


def test_every_place_is_listed_with_its_reason(
    server: FaultyServer, downloading: Downloading
) -> None:
    one = server.serve("/one?signature=secret", Reply(403))
    two = server.serve("/two", Reply(500))
    assert downloading.sentence(one, two, "file:/none/three") == (
        f"file could not be fetched. {server.url}/one?...: HTTP status 403 Forbidden; "
        f"{two}: HTTP status 500 Internal Server Error (tried 5 times); "
        "file:/none/three: No such file or directory."
    )
    assert (downloading.content(), downloading.part()) == (None, None)


def test_rules_distroless_237_rules_apko_13_a_locked_file_that_is_gone_tells_the_remedy(
    tmp_path: Path,
) -> None:
    sentence = Downloading(tmp_path).sentence("file:/none/x.deb", resolve="bookworm")
    assert sentence.endswith(
        "Mirrors drop superseded packages: `./pants generate-lockfiles --resolve=bookworm "
        "--lading-upgrade='*'` locks what they have now."
    )


def test_a_python_file_is_found_through_the_configured_indexes(
    server: FaultyServer, tmp_path: Path
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    index = "/simple/foo-bar/"
    server.serve(index, Reply(200, b'<a href="/f/foo-1.whl">', {"Content-Type": "text/html"}))
    server.serve("/f/foo-1.whl", Reply(body=BODY))
    indexes = (server.url + "/none", server.url + "/simple")
    machine = Machine({}, python_indexes=indexes, python_find_links=(str(links),))
    downloading = Downloading(tmp_path / "downloads", machine)
    downloading("mirror://pypi/Foo.Bar/foo-1.whl")
    assert downloading.content() == BODY
    assert [line.partition(": ")[2] for line in downloading.reports] == [
        "No such file or directory",
        "HTTP status 404 Not Found",
        f"0.2 MB from {server.url}/f/foo-1.whl",
    ]


def test_no_index_at_all_is_told(downloading: Downloading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    pip_indexes.cache_clear()
    sentence = downloading.sentence("mirror://pypi/foo/foo-1.whl")
    pip_indexes.cache_clear()
    assert "no Python package index is configured. Set `[python-repos].indexes`" in sentence
