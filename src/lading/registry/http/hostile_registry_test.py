"""Registries that try to block a client, to lead it inside, or to send what no program expects."""

import io
import socket
import threading
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from lading.fetch.client import Client, Wanted
from lading.fetch.mirrors import ListedPlace
from lading.fetch.partial_file import PartialFile
from lading.network.faults import InsideError, UnavailableError
from lading.network.faulty_server_testing import FaultyServer, Reply
from lading.network.metered_session import MeteredSession
from lading.network.raw_server_testing import RawServer, saying
from lading.network.retries import Patience
from lading.network.zone import Zone
from lading.registry.auth.authorizer import merge_scopes
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.challenge import parse_challenges
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.file_range import FileRange
from lading.registry.http.transport import Transport
from lading.registry.place import Place
from lading.registry.pull.pull_error import inside_remedy
from lading.registry.push.push_connection import PushConnection
from lading.registry.push.upload import BlobFile, Upload
from lading.values.digest import Sha256

PATIENCE = Patience(connect=1, read=0.3, tries=1, window=0.3, slowest=1 << 16)
PATH = "/v2/app/blobs/x"
BODY = b"content"
TOKEN = "/token?scope=repository%3Aapp%3Apull"


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 10


def transport_to(host: str, *insecure: str) -> Transport:
    place = Place(host, "http", host, "app", frozenset(insecure))
    return Transport(place, Authorizers(place, CredentialSource({})), "/nonexistent")


def get(host: str, *insecure: str) -> bytes:
    client = Client(patience=PATIENCE, sender=transport_to(host, *insecure))
    return client.document(f"http://{host}{PATH}", "*/*").content


def refused(host: str, *insecure: str) -> str:
    with pytest.raises(UnavailableError) as raised:
        get(host, *insecure)
    reason = raised.value.reason
    assert reason.isprintable() and len(reason) < 500
    return reason


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


def host_of(server: FaultyServer) -> str:
    return f"{server.host}:{server.port}"


def challenge(realm: str) -> Reply:
    return Reply(401, b"", {"WWW-Authenticate": f'Bearer realm="{realm}"'})


class TestTime:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 503])
    def test_what_a_refusal_says_is_not_waited_for(self, server: FaultyServer, status: int) -> None:
        server.serve(PATH, Reply(status, b"x" * 10_000, drip_seconds=0.05))
        assert f"HTTP status {status}" in refused(host_of(server))

    def test_neither_is_the_body_of_a_challenge(self, server: FaultyServer) -> None:
        slow = Reply(
            401, b"x" * 10_000, challenge(f"{server.url}/token").headers, drip_seconds=0.05
        )
        server.serve(PATH, slow, Reply(body=BODY))
        server.serve(TOKEN, Reply(body=b'{"token": "t"}'))
        assert get(host_of(server)) == BODY

    def test_nor_a_token(self, server: FaultyServer) -> None:
        server.serve(PATH, challenge(f"{server.url}/token"))
        server.serve(TOKEN, Reply(body=b'{"token": "t"}' + b" " * 10_000, drip_seconds=0.05))
        assert "it did not answer in time" in refused(host_of(server))

    def test_an_upload_that_nobody_reads_ends(self, tmp_path: Path) -> None:
        with open(tmp_path / "blob", "wb") as file:
            file.truncate(1 << 30)
        body = FileRange(str(tmp_path / "blob"), 0, 1 << 30)

        def sip(connection: socket.socket) -> None:
            while connection.recv(100):
                time.sleep(0.05)

        with RawServer(sip) as server, pytest.raises(UnavailableError):
            connection = pushing(server.host)
            url = f"http://{server.host}{PATH}"
            connection.persist(url, lambda: connection.send("PATCH", url, {}, body))


def pushing(host: str) -> PushConnection:
    transport = transport_to(host)
    place = Place(host, "http", host, "app")
    return PushConnection(place, transport, lambda line: None, PATIENCE, threading.Event())


class Outside:
    """A registry on the internet, reached through a proxy; `inner` is reached without one."""

    HOST = "registry.example"

    def __init__(self, proxy: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._proxy = proxy
        self.received = b""
        self._resolve = socket.getaddrinfo
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "inner.example,127.0.0.1")
        monkeypatch.setattr(socket, "getaddrinfo", self._resolved)

    def _resolved(self, host: Any, *others: Any, **more: Any) -> Any:
        return self._resolve("127.0.0.1" if host == "inner.example" else host, *others, **more)

    def listen(self, connection: socket.socket) -> None:
        self.received += connection.recv(1 << 16)

    def answers(self, reply: Reply) -> None:
        self._proxy.serve(f"http://{self.HOST}{PATH}", reply)


@pytest.fixture
def outside(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> Outside:
    return Outside(server, monkeypatch)


class TestAddress:
    """The connected address is what is checked."""

    @pytest.mark.parametrize("kind", ["redirect", "realm"])
    def test_a_name_that_leads_inside(self, outside: Outside, kind: str) -> None:
        with RawServer(outside.listen) as inner:
            host = f"inner.example:{inner.host.partition(':')[2]}"
            url = f"https://{host}/x"
            is_realm = kind == "realm"
            outside.answers(challenge(url) if is_realm else Reply(307, headers={"Location": url}))
            reason = refused(outside.HOST, outside.HOST)
        assert reason == f"it leads to {host}, an address inside this network"
        assert outside.received == b""

    def test_the_sentence_has_a_remedy_that_helps(
        self, outside: Outside, server: FaultyServer
    ) -> None:
        with FaultyServer() as inner:
            inner.serve("/x", Reply(body=BODY))
            host = f"inner.example:{inner.port}"
            outside.answers(Reply(307, headers={"Location": f"https://{host}/x"}))
            with pytest.raises(InsideError) as raised:
                get(outside.HOST, outside.HOST, "other")
            outside.answers(Reply(307, headers={"Location": f"http://{host}/x"}))
            remedy = inside_remedy(raised.value)
            assert f"add '{host}' to `[lading].insecure_registries`" in remedy
            assert get(outside.HOST, outside.HOST, host) == BODY

    def test_a_connection_from_before_is_looked_at_again(
        self, outside: Outside, server: FaultyServer
    ) -> None:
        """The user named the host at first; later a server did."""
        session = MeteredSession()
        url = server.serve("/x", Reply(body=BODY))
        for zone in (Zone.MACHINE, Zone.NETWORK):
            try:
                with session.ask("GET", url, {}, PATIENCE, zone) as response:
                    assert response.raw.read(100) == BODY
            except UnavailableError as fault:
                assert (zone, "inside this network" in fault.reason) == (Zone.NETWORK, True)
        assert len(server.requests) == 1

    def test_an_index_and_its_links(self, outside: Outside, server: FaultyServer) -> None:
        with RawServer(outside.listen) as inner:
            port = inner.host.partition(":")[2]
            link = f'<a href="http://inner.example:{port}/foo-1.whl">'.encode()
            server.serve("http://index.example/foo/", Reply(body=link))
            client = Client(patience=PATIENCE)
            located = ListedPlace("http://index.example/foo/", "foo-1.whl").locate(client)
            with pytest.raises(UnavailableError, match="inside this network"):
                client.save(located.url, PartialFile(io.BytesIO()), Wanted(zone=located.zone))
            server.serve("http://index.example/r", Reply(302, headers={"Location": located.url}))
            with pytest.raises(UnavailableError, match="inside this network"):
                client.page("http://index.example/r", "*/*")
        assert outside.received == b""

    def test_inside_a_network_servers_lead_to_each_other(self, server: FaultyServer) -> None:
        with FaultyServer("127.0.0.2") as storage:
            target = storage.serve("/s", Reply(body=BODY))
            server.serve(PATH, Reply(307, headers={"Location": target}))
            assert get(host_of(server)) == BODY


class TestOddAnswers:
    @pytest.mark.parametrize(
        "realm",
        [
            "http://[a",
            "\x1b[2J",
            "https://a\\.example",
            "https://\xff.example/",
            f"https://{'a' * 300}.example/",
            "https://%31%32%37.0.0.2/",
            "https://[64:ff9b::7f00:1]/",
            "https://a.example:99999/",
            "//",
            "https://./",
        ],
    )
    def test_a_realm_is_told_in_a_sentence(
        self, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, realm: str
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _no_host)
        server.serve(PATH, challenge(realm))
        assert refused(host_of(server))

    @pytest.mark.parametrize(
        "expires",
        ["1" + "0" * 400, "1" + "0" * 100_000, "1e400", "NaN", "-1", "null", '"x"', "[]", "true"],
        ids=lambda text: text[:9],
    )
    def test_any_time_of_a_token_is_taken(self, server: FaultyServer, expires: str) -> None:
        server.serve(PATH, challenge(f"{server.url}/token"), Reply(body=BODY))
        server.serve(TOKEN, Reply(body=f'{{"token": "t", "expires_in": {expires}}}'.encode()))
        assert get(host_of(server)) == BODY

    @pytest.mark.parametrize(
        "header",
        [
            "OCI-Chunk-Min-Length: " + "9" * 5000,
            "Range: 0-" + "9" * 5000,
            "Docker-Content-Digest: \xff",
            "Location: http://[a",
            "Location: \xff",
            "Location: https://\x1b[2J/",
            "Location: " + "x" * 60_000,
        ],
        ids=lambda text: text[:25].encode("unicode_escape").decode(),
    )
    def test_an_upload_is_told_in_a_sentence(
        self, tmp_path: Path, server: FaultyServer, header: str
    ) -> None:
        name, _, value = header.partition(": ")
        answer = {"Location": f"{server.url}/u", name: value}
        server.serve("/v2/app/blobs/uploads/", Reply(202, headers=answer))
        server.serve("/u", Reply(202, headers=answer))
        path = tmp_path / "blob"
        path.write_bytes(bytes(9_000_000))
        blob = BlobFile(str(path), Sha256.of(b""), 9_000_000)
        try:
            Upload(pushing(host_of(server)), blob).run()
        except UnavailableError as fault:
            assert fault.reason.isprintable() and len(fault.reason) < 500


def _no_host(*_: Any, **__: Any) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "unknown host")


class TestChallenges:
    @pytest.mark.parametrize(
        "piece", ['a="', "a", "a ", "a=", ",", '"', "\\", "a   ", 'a="b" ', "a=b,", "=", "\x00"]
    )
    def test_many_take_no_longer_than_they_are_long(self, piece: str) -> None:
        parse_challenges(piece * 100_000)

    def test_more_than_a_server_can_mean_are_not_read(self, server: FaultyServer) -> None:
        many = {"WWW-Authenticate": "Bearer realm=" + "a, " * 6000}
        server.serve(PATH, Reply(401, headers=many))
        assert "in 18013 bytes of WWW-Authenticate" in refused(host_of(server))
        head = (
            b"HTTP/1.1 401 Unauthorized\r\n"
            + (b"WWW-Authenticate: " + b"a" * 60_000 + b"\r\n") * 90
        )
        with RawServer(saying(lambda: [head])) as raw:
            assert "its answer is too long" in refused(raw.host)

    def test_many_scopes_are_merged_at_once(self) -> None:
        scope = "repository:a:" + ",".join(map(str, range(100_000)))
        assert merge_scopes([scope, scope]) == (scope,)


class TestRedirect:
    @pytest.mark.parametrize(
        "status, method, becomes",
        [
            (303, "PUT", "GET"),
            (303, "POST", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (301, "PUT", "PUT"),
            (302, "PATCH", "PATCH"),
            (307, "POST", "POST"),
            (308, "PUT", "PUT"),
        ],
    )
    def test_the_method_is_that_of_rfc_9110(
        self, server: FaultyServer, status: int, method: str, becomes: str
    ) -> None:
        server.serve(PATH, Reply(status, headers={"Location": "/there"}))
        server.serve("/there", Reply(201))
        headers = {"Content-Type": "application/octet-stream", "X-Other": "1"}
        url = server.url + PATH
        answer = pushing(host_of(server)).send(
            method, url, headers, b"" if method == "HEAD" else BODY
        )
        assert answer.status == 201
        seen = server.requests[-1]
        assert (seen.path, seen.method) == ("/there", becomes)
        keeps = becomes == method and method != "HEAD"
        assert seen.body == (BODY if keeps else b"")
        assert ("Content-Type" in seen.headers) is (becomes == method)
        assert seen.headers["X-Other"] == "1"
