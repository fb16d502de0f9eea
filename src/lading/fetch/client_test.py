import io
import random
import socket
import ssl
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Iterator, List

import pytest

from lading.fetch.client import Client, Wanted
from lading.fetch.partial_file import PartialFile
from lading.network.faults import GoneError, UnavailableError, WrongContentError
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.network.retries import PATIENCE, Patience
from lading.network.self_signed_testing import SELF_SIGNED
from lading.values.digest import Sha256

BODY = random.Random(0).getrandbits(8 * 300_000).to_bytes(300_000, "big")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


class Saving:
    """A client that does not really sleep, and saves into memory."""

    def __init__(self, held: bytes = b"", patience: Patience = PATIENCE) -> None:
        self.sleeps: List[float] = []
        self.reports: List[str] = []
        self.handle = io.BytesIO(held)
        self.part = PartialFile(self.handle)
        self.client = Client(self.reports.append, patience, self.sleeps.append)

    @property
    def content(self) -> bytes:
        content = self.handle.getvalue()
        assert self.part.size == len(content)
        assert self.part.sha256() == _sha256(content)
        return content


def _sha256(content: bytes) -> Sha256:
    part = PartialFile(io.BytesIO())
    part.write(content)
    return part.sha256()


@pytest.mark.parametrize(
    "first, ranges",
    [
        (Ranged(body=BODY, cut=100_000), 1),
        (Ranged(body=BODY, cut=100_000, announce=False), 0),
        (Ranged(body=BODY, cut=0), 0),
        (Reply(500), 0),
        (Reply(502, b"<html>bad gateway</html>"), 0),
        (Reply(503), 0),
        (Reply(408), 0),
        (Reply(429), 0),
    ],
)
def test_recovers_from_a_fault_by_trying_again(
    server: FaultyServer, first: Reply, ranges: int
) -> None:
    saving = Saving()
    url = server.serve("/file", first, Ranged(body=BODY))
    size = None if first.announce else len(BODY)
    saving.client.save(url, saving.part, Wanted(size))
    assert saving.content == BODY
    assert saving.sleeps == [0.5]
    assert server.ranges("/file")[0] is None
    assert len(server.ranges("/file")) == 2
    assert saving.part.is_pieced is (ranges == 1 or not first.announce)


def test_recovers_from_a_reset_connection(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Ranged(body=BODY, cut=100_000, reset=True), Ranged(body=BODY))
    saving.client.save(url, saving.part)
    assert saving.content == BODY


def test_goes_on_where_the_connection_ended(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Ranged(body=BODY, cut=100_000), Ranged(body=BODY))
    saving.client.save(url, saving.part)
    assert saving.content == BODY
    assert server.ranges("/file") == (None, "bytes=100000-")


def test_a_server_that_ignores_range_begins_anew(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(body=BODY, cut=100_000), Reply(body=BODY))
    saving.client.save(url, saving.part)
    assert saving.content == BODY
    assert not saving.part.is_pieced


def test_a_range_past_the_end_begins_anew(server: FaultyServer) -> None:
    saving = Saving(held=BODY + b"of something longer")
    url = server.serve("/file", Ranged(body=BODY))
    saving.client.save(url, saving.part)
    assert saving.content == BODY
    assert saving.sleeps == [0]


@pytest.mark.parametrize("content_range", ["", "bytes 0-9/10", "bytes 5-9/10", "lines 3-9/10"])
def test_another_range_than_asked_for_begins_anew(server: FaultyServer, content_range: str) -> None:
    saving = Saving(held=BODY[:3])
    wrong = Reply(206, b"0123456", {"Content-Range": content_range})
    url = server.serve("/file", wrong, Reply(body=BODY))
    saving.client.save(url, saving.part)
    assert saving.content == BODY
    assert server.ranges("/file") == ("bytes=3-", None)


def test_a_whole_part_is_not_asked_for(server: FaultyServer) -> None:
    saving = Saving(held=BODY)
    saving.client.save(server.url + "/file", saving.part, Wanted(len(BODY)))
    assert server.requests == []


def test_an_interruption_after_progress_does_not_use_up_the_tries(server: FaultyServer) -> None:
    saving = Saving(patience=Patience(tries=2))
    url = server.serve("/file", Ranged(body=BODY, cut=70_000))
    saving.client.save(url, saving.part)
    assert saving.content == BODY
    assert saving.sleeps == [0.5] * 4


def test_gives_up_after_the_tries_with_growing_delays(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(500))
    with pytest.raises(UnavailableError, match=r"HTTP status 500 .*\(tried 5 times\)"):
        saving.client.save(url, saving.part)
    assert saving.sleeps == [0.5, 1, 2, 4]
    assert saving.reports[0].endswith("Internal Server Error; trying again in 0.5 s")


def test_a_body_that_always_ends_early_is_no_file(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(body=BODY, cut=5))
    with pytest.raises(UnavailableError, match="ended after 5 of 300000 bytes"):
        saving.client.save(url, saving.part)


@pytest.mark.parametrize(
    "retry_after, slept",
    [
        ("7", 7),
        ("0", 0),
        ("86400", 60),
        ("soon", 0.5),
        ("-3", 0.5),
        (format_datetime(datetime(2001, 1, 1, tzinfo=timezone.utc), usegmt=True), 0),
        (format_datetime(datetime.now(timezone.utc) + timedelta(days=1), usegmt=True), 60),
    ],
)
def test_waits_as_long_as_the_server_asks_within_bounds(
    server: FaultyServer, retry_after: str, slept: float
) -> None:
    saving = Saving()
    busy = Reply(429, headers={"Retry-After": retry_after})
    saving.client.save(server.serve("/file", busy, Reply(body=BODY)), saving.part)
    assert saving.content == BODY
    assert saving.sleeps == [slept]


@pytest.mark.parametrize(
    "status, kind, reason",
    [
        (404, GoneError, "HTTP status 404 Not Found"),
        (410, GoneError, "HTTP status 410 Gone"),
        (403, UnavailableError, "HTTP status 403 Forbidden"),
        (401, UnavailableError, "into your ~/.netrc"),
        (400, UnavailableError, "HTTP status 400 Bad Request"),
        (302, UnavailableError, "HTTP status 302 Found"),
        (501, UnavailableError, "HTTP status 501 Not Implemented"),
        (416, UnavailableError, "HTTP status 416"),
    ],
)
def test_a_refusal_is_final(server: FaultyServer, status: int, kind: type, reason: str) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(status))
    with pytest.raises(kind, match=reason):
        saving.client.save(url, saving.part)
    assert saving.sleeps == []


def test_a_slow_drip_counts_as_interrupted(server: FaultyServer) -> None:
    saving = Saving(patience=Patience(window=0.2, slowest=100_000))
    drip = Reply(body=BODY, drip_seconds=0.01)
    saving.client.save(server.serve("/file", drip, Reply(body=BODY)), saving.part)
    assert saving.content == BODY
    assert "it sent " in saving.reports[0]


def test_a_fast_beginning_does_not_excuse_a_slow_drip(server: FaultyServer) -> None:
    saving = Saving(patience=Patience(window=0.2, slowest=100_000))
    drip = Ranged(body=BODY, drip_seconds=0.05, drip_after=200_000)
    start = time.monotonic()
    saving.client.save(server.serve("/file", drip, Ranged(body=BODY)), saving.part)
    assert saving.content == BODY
    assert time.monotonic() - start < 5


def test_silence_counts_as_interrupted(server: FaultyServer) -> None:
    saving = Saving(patience=Patience(read=0.1))
    silent = Reply(body=BODY, drip_seconds=1)
    saving.client.save(server.serve("/file", silent, Reply(body=BODY)), saving.part)
    assert saving.content == BODY
    assert "it did not answer in time" in saving.reports[0]


def test_a_wrong_size_is_refused_before_it_is_read(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(body=BODY))
    with pytest.raises(WrongContentError, match="it has 300000 bytes instead of the pinned 7"):
        saving.client.save(url, saving.part, Wanted(7))
    assert saving.part.size == 0


def test_a_body_without_end_is_not_read_beyond_the_pinned_size(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/file", Reply(body=BODY * 50, announce=False))
    with pytest.raises(WrongContentError, match="more than the pinned 1000 bytes"):
        saving.client.save(url, saving.part, Wanted(1000))
    assert saving.part.size < len(BODY)


def test_compressed_content_is_kept_as_it_is(server: FaultyServer) -> None:
    saving = Saving()
    headers = {"Content-Encoding": "gzip"}
    saving.client.save(server.serve("/a.tar.gz", Reply(200, BODY, headers)), saving.part)
    assert saving.content == BODY
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_follows_a_redirect_without_taking_credentials_along(
    server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {server.host} login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FaultyServer("127.0.0.2") as other:
        target = other.serve("/there", Ranged(body=BODY))
        url = server.serve("/here", Reply(302, headers={"Location": target}))
        saving = Saving(held=BODY[:10])
        saving.client.save(url, saving.part)
        assert saving.content == BODY
        assert "Authorization" in server.requests[0].headers
        assert "Authorization" not in other.requests[0].headers
        assert other.ranges("/there") == ("bytes=10-",)


def test_user_and_password_in_a_url_are_for_its_own_server(server: FaultyServer) -> None:
    with FaultyServer("127.0.0.2") as other:
        server.serve("/a", Reply(302, headers={"Location": f"{server.url}/b"}))
        server.serve("/b", Reply(302, headers={"Location": other.serve("/c", Reply(body=b"c"))}))
        url = server.url.replace("//", "//me:secret@") + "/a"
        assert Saving().client.page(url, "*/*").text == "c"
        assert ["Authorization" in one.headers for one in server.requests] == [True, True]
        assert "Authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    "location, reason",
    [
        ("/here", "it redirects more than 10 times"),
        ("ftp://a.example/x", "neither https nor http"),
        ("file:///etc/passwd", "neither https nor http"),
        ("http://[a", "an invalid address"),
        ("/\xff", "an invalid address"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_final(
    server: FaultyServer, location: str, reason: str
) -> None:
    saving = Saving()
    url = server.serve("/here", Reply(302, headers={"Location": location}))
    with pytest.raises(UnavailableError, match=reason):
        saving.client.save(url, saving.part)


def test_nobody_listening_is_told_in_few_words() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        saving = Saving(patience=Patience(tries=2))
        with pytest.raises(UnavailableError) as raised:
            saving.client.save(f"http://127.0.0.1:{port}/file", saving.part)
    assert raised.value.reason == "Connection refused (tried 2 times)"


@pytest.mark.parametrize(
    "code, tries", [(socket.EAI_NONAME, 1), (socket.EAI_AGAIN, PATIENCE.tries)]
)
def test_an_unknown_host_is_final_and_a_resolver_out_of_order_is_not(
    monkeypatch: pytest.MonkeyPatch, code: int, tries: int
) -> None:
    asked: List[object] = []

    def resolve(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise socket.gaierror(code, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    saving = Saving()
    with pytest.raises(UnavailableError, match="no answer"):
        saving.client.save("http://a.example/file", saving.part)
    assert len(asked) == tries


@pytest.mark.parametrize("proxy", ["http://me:secret@127.0.0.1:x", "http://me:sec/ret@127.0.0.1:x"])
def test_a_malformed_proxy_is_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(UnavailableError) as raised:
        Saving().client.document("https://example.invalid/", "*/*")
    assert raised.value.reason == "Failed to parse: http://127.0.0.1:x"


def test_a_broken_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}")
        saving = Saving(patience=Patience(tries=1))
        with pytest.raises(UnavailableError) as raised:
            saving.client.save("http://a.example/file", saving.part)
    assert raised.value.reason == "the proxy can't be used: Connection refused (tried 1 time)"


def test_a_server_that_speaks_no_tls_is_told(server: FaultyServer) -> None:
    saving = Saving(patience=Patience(tries=1))
    with pytest.raises(UnavailableError, match="tried 1 time"):
        saving.client.save(server.url.replace("http:", "https:") + "/file", saving.part)


def test_an_untrusted_certificate_is_final(tmp_path: Path) -> None:
    pem = tmp_path / "self_signed.pem"
    pem.write_text(SELF_SIGNED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    saving = Saving()
    with FaultyServer(tls=context) as server:
        url = server.serve("/file", Reply(body=BODY))
        with pytest.raises(UnavailableError, match="its certificate is not trusted"):
            saving.client.save(url, saving.part)
    assert saving.sleeps == []


def test_local_files_and_pages(tmp_path: Path) -> None:
    tmp_path.joinpath("a b").write_bytes(BODY)
    tmp_path.joinpath("index.html").write_text("<a>")
    saving = Saving(held=b"old")
    saving.client.save(f"file:{tmp_path}/a%20b", saving.part, Wanted(len(BODY)))
    assert saving.content == BODY
    page = saving.client.page(f"file://{tmp_path}", "text/html")
    assert (page.url, page.content_type, page.text) == (f"file://{tmp_path}/", "text/html", "<a>")


@pytest.mark.parametrize(
    "name, kind, reason",
    [
        ("none", GoneError, "No such file or directory"),
        ("a/none", GoneError, "Not a directory"),
        ("", UnavailableError, "Is a directory"),
    ],
)
def test_no_local_file(tmp_path: Path, name: str, kind: type, reason: str) -> None:
    tmp_path.joinpath("a").write_bytes(BODY)
    saving = Saving()
    with pytest.raises(kind, match=reason):
        saving.client.save(f"file:{tmp_path}/{name}", saving.part)
    with pytest.raises(GoneError):
        saving.client.page(f"file:{tmp_path}/none", "text/html")
    tmp_path.joinpath("a").write_bytes(b"")
    with pytest.raises(WrongContentError, match="it has 0 bytes instead of the pinned 9"):
        saving.client.save(f"file:{tmp_path}/a", saving.part, Wanted(9))


def test_pages_are_tried_again_too(server: FaultyServer) -> None:
    saving = Saving()
    listing = Reply(200, "é".encode(), {"Content-Type": "application/json"})
    page = saving.client.page(server.serve("/p/", Reply(503), listing), "application/json")
    assert (page.text, page.content_type) == ("é", "application/json")
    assert server.requests[0].headers["Accept"] == "application/json"
    with pytest.raises(GoneError):
        saving.client.page(server.url + "/none", "*/*")


def test_a_document_is_whole_or_tried_again(server: FaultyServer) -> None:
    saving = Saving()
    body = Reply(body=BODY, headers={"X-Digest": "1"})
    url = server.serve("/d", Reply(body=BODY, cut=9), Reply(429), body)
    found = saving.client.document(url, "application/json")
    assert (found.content, found.headers["x-digest"]) == (BODY, "1")
    assert saving.sleeps == [0.5, 1]
    assert server.requests[0].headers["Accept"] == "application/json"
    assert saving.client.document(url, "*/*", method="HEAD").content == b""


def test_a_document_is_bounded_and_a_refusal_tells_its_status(server: FaultyServer) -> None:
    saving = Saving()
    url = server.serve("/d", Reply(body=BODY, announce=False))
    with pytest.raises(WrongContentError, match="it has more than 1000 bytes"):
        saving.client.document(url, "*/*", limit=1000)
    with pytest.raises(GoneError) as gone:
        saving.client.document(server.url + "/none", "*/*")
    assert gone.value.status == 404
    with pytest.raises(UnavailableError) as busy:
        saving.client.document(server.serve("/busy", Reply(429)), "*/*")
    assert busy.value.status == 429
