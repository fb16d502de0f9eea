import ssl
from pathlib import Path
from typing import Iterator

import pytest

from lading.fetch.client import Client
from lading.network.faults import UnavailableError
from lading.network.faulty_server_testing import FaultyServer, Reply
from lading.network.self_signed_testing import SELF_SIGNED
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.transport import Transport
from lading.registry.place import Place
from lading.values.errors import LadingError


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    pem = tmp_path / "self_signed.pem"
    pem.write_text(SELF_SIGNED)
    return pem


@pytest.fixture
def context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture
def server(context: ssl.SSLContext) -> Iterator[FaultyServer]:
    with FaultyServer(tls=context) as server:
        server.serve("/x", Reply(body=b"content"))
        yield server


def get(server: FaultyServer, certificates: Path) -> bytes:
    host = f"{server.host}:{server.port}"
    place = Place(host, "https", host, "a")
    transport = Transport(place, Authorizers(place, CredentialSource({})), str(certificates))
    client = Client(sleep=lambda seconds: None, sender=transport)
    return client.document(f"{server.url}/x", "*/*").content


def directory_of(server: FaultyServer, certificates: Path) -> Path:
    directory = certificates / f"{server.host}:{server.port}"
    directory.mkdir()
    return directory


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    server: FaultyServer, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="its certificate is not trusted"):
        get(server, tmp_path)


def test_an_authority_for_one_host(server: FaultyServer, tmp_path: Path) -> None:
    (directory_of(server, tmp_path) / "ca.crt").write_text(SELF_SIGNED)
    assert get(server, tmp_path) == b"content"


def test_an_authority_for_another_host(server: FaultyServer, tmp_path: Path) -> None:
    (tmp_path / "a.example").mkdir()
    (tmp_path / "a.example/ca.crt").write_text(SELF_SIGNED)
    with pytest.raises(UnavailableError, match="not trusted"):
        get(server, tmp_path)


def test_an_authority_of_the_environment(
    server: FaultyServer, pem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    assert get(server, tmp_path) == b"content"


def test_a_server_that_wants_to_know_its_client(
    context: ssl.SSLContext, pem: Path, tmp_path: Path
) -> None:
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with FaultyServer(tls=context) as server:
        server.serve("/x", Reply(body=b"content"))
        directory = directory_of(server, tmp_path)
        (directory / "ca.crt").write_text(SELF_SIGNED)
        with pytest.raises(UnavailableError):
            get(server, tmp_path)
        (directory / "client.cert").write_text(SELF_SIGNED)
        (directory / "client.key").write_text(SELF_SIGNED)
        assert get(server, tmp_path) == b"content"


@pytest.mark.parametrize("name, content", [("ca.crt", "no PEM"), ("client.cert", SELF_SIGNED)])
def test_a_certificate_that_can_not_be_read_is_named(
    server: FaultyServer, tmp_path: Path, name: str, content: str
) -> None:
    path = directory_of(server, tmp_path) / name
    path.write_text(content)
    with pytest.raises(LadingError) as raised:
        get(server, tmp_path)
    assert str(raised.value).startswith(f"The certificate {path} can't be used: ")


def test_a_proxy_is_used_for_registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        proxy.serve("http://plain.example/x", Reply(body=b"content"))
        place = Place("plain.example", "http", "plain.example", "a", frozenset(["plain.example"]))
        client = Client(
            sender=Transport(place, Authorizers(place, CredentialSource({})), str(tmp_path))
        )
        assert client.document("http://plain.example/x", "*/*").content == b"content"
