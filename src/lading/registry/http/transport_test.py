import base64
import json
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional
from urllib.parse import parse_qs, urlsplit

import pytest

from lading.fetch.client import Client, Wanted
from lading.network.faults import UnavailableError
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply, Seen
from lading.registry.answer import DeniedError
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.transport import Transport
from lading.registry.place import Place
from lading.registry.registry_testing import Guarded, encoded

SECRET = "Basic " + base64.b64encode(b"me:secret").decode()
BODY = b"the blob"
PATH = "/v2/team/app/blobs/x"


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[FaultyServer]:
    with FaultyServer("127.0.0.2") as server:
        yield server


class Registry:
    """What a client with credentials for a server gets from it."""

    def __init__(self, server: FaultyServer, directory: Path) -> None:
        self.server = server
        self.host = f"{server.host}:{server.port}"
        self.config = directory / "config.json"
        self.sleeps: List[float] = []
        place = Place(self.host, "http", self.host, "team/app")
        self.authorizers = Authorizers(place, CredentialSource({"DOCKER_CONFIG": str(directory)}))
        self.transport = Transport(place, self.authorizers, "/nonexistent")
        self.client = Client(sleep=self.sleeps.append, sender=self.transport)

    def knows(self, **entry: str) -> None:
        self.config.write_text(json.dumps({"auths": {self.host: entry}}))

    def get(self, path: str = PATH) -> bytes:
        return self.client.document(self.server.url + path, "*/*").content

    def asks(self, path: str) -> List[Seen]:
        """Requests to a path, with any query."""
        return [one for one in self.server.requests if urlsplit(one.path).path == path]

    def bearer(self, realm: Optional[str] = None, scope: str = "repository:team/app:pull") -> str:
        realm = realm or f"{self.server.url}/token"
        return f'Bearer realm="{realm}",service="the registry",scope="{scope}"'


@pytest.fixture
def registry(server: FaultyServer, tmp_path: Path) -> Registry:
    return Registry(server, tmp_path)


TOKEN_QUERY = "?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull"


def guard(registry: Registry, token: str = "t", **challenge: str) -> None:
    """Serve the blob to requests with a token."""
    inner = Ranged(body=BODY)
    reply = Guarded(
        challenge=registry.bearer(**challenge), authorization=f"Bearer {token}", inner=inner
    )
    registry.server.serve(PATH, reply)


def give(registry: Registry, *answers: Mapping[str, Any], query: str = TOKEN_QUERY) -> None:
    registry.server.serve(f"/token{query}", *(Reply(body=encoded(one)) for one in answers))


def test_an_open_registry_is_shown_nothing(registry: Registry, server: FaultyServer) -> None:
    registry.knows(username="me", password="secret")
    server.serve(PATH, Reply(body=BODY))
    assert registry.get() == BODY
    assert "Authorization" not in server.requests[0].headers
    assert registry.authorizers.found is None


class TestBasic:
    def test_credentials_are_shown_when_asked_for(self, registry: Registry) -> None:
        registry.knows(username="me", password="secret")
        guarded = Guarded(challenge='BASIC realm="x"', authorization=SECRET, inner=Reply(body=BODY))
        registry.server.serve(PATH, guarded)
        assert (registry.get(), registry.get()) == (BODY, BODY)
        shown = [one.headers.get("Authorization") for one in registry.server.requests]
        assert shown == [None, SECRET, SECRET]

    def test_without_credentials_it_is_denied(self, registry: Registry) -> None:
        registry.server.serve(PATH, Guarded(challenge="Basic", authorization=SECRET))
        with pytest.raises(DeniedError, match="HTTP status 401 Unauthorized"):
            registry.get()
        assert len(registry.server.requests) == 1

    def test_wrong_ones_are_shown_once(self, registry: Registry) -> None:
        registry.knows(username="me", password="other")
        errors = {"errors": [{"code": "DENIED", "message": "no\nway\x1b[2J " + "x" * 300}]}
        registry.server.serve(
            PATH, Guarded(body=encoded(errors), challenge="Basic", authorization=SECRET)
        )
        with pytest.raises(DeniedError) as raised:
            registry.get()
        assert len(registry.server.requests) == 2
        assert ": DENIED, no way\\x1b[2J xxx" in raised.value.reason
        assert len(raised.value.reason) < 300

    def test_netrc_is_not_for_registries(
        self, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password netrc\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        guard(registry)
        give(registry, {"token": "t"})
        assert registry.get() == BODY


class TestToken:
    def test_anonymously(self, registry: Registry) -> None:
        guard(registry)
        give(registry, {"token": "t", "expires_in": 300})
        assert (registry.get(), registry.get()) == (BODY, BODY)
        assert [one.path for one in registry.server.requests] == [
            PATH,
            f"/token{TOKEN_QUERY}",
            PATH,
            PATH,
        ]
        assert "Authorization" not in registry.asks("/token")[0].headers

    def test_with_a_password(self, registry: Registry) -> None:
        registry.knows(username="me", password="secret")
        guard(registry)
        give(registry, {"access_token": "t"})
        assert registry.get() == BODY
        assert registry.asks("/token")[0].headers["Authorization"] == SECRET

    def test_one_that_is_shown_as_it_is(self, registry: Registry) -> None:
        registry.knows(registrytoken="t")
        guard(registry)
        assert registry.get() == BODY
        guard(registry, "other")
        with pytest.raises(DeniedError):
            registry.get()

    def test_for_an_identity_token(self, registry: Registry) -> None:
        registry.knows(identitytoken="refresh")
        guard(registry)
        give(registry, {"access_token": "t"}, query="")
        assert registry.get() == BODY
        (asked,) = registry.asks("/token")
        assert asked.method == "POST"
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["refresh_token"],
            "refresh_token": ["refresh"],
            "service": ["the registry"],
            "scope": ["repository:team/app:pull"],
            "client_id": ["lading"],
        }

    @pytest.mark.parametrize("status", [404, 405])
    def test_by_get_where_there_is_no_oauth(self, registry: Registry, status: int) -> None:
        registry.knows(username="<token>", password="refresh")
        guard(registry)
        registry.server.serve("/token", Reply(status))
        give(registry, {"token": "t"})
        assert registry.get() == BODY
        known = base64.b64encode(b"<token>:refresh").decode()
        assert registry.asks("/token")[1].headers["Authorization"] == f"Basic {known}"

    def test_scopes_that_the_registry_adds_are_asked_for_too(self, registry: Registry) -> None:
        guard(registry, scope="repository:team/app:pull registry:catalog:*")
        give(registry, {"token": "t"}, query=f"{TOKEN_QUERY}&scope=registry%3Acatalog%3A%2A")
        assert registry.get() == BODY

    def test_a_realm_may_have_a_query(self, registry: Registry) -> None:
        guard(registry, realm=f"{registry.server.url}/token?a=b&c=")
        query = "?a=b&c=&" + TOKEN_QUERY[1:]
        give(registry, {"token": "t"}, query=query)
        assert registry.get() == BODY

    def test_an_expired_one_is_asked_for_anew(self, registry: Registry) -> None:
        guard(registry)
        give(registry, {"token": "t", "expires_in": 0.05}, {"token": "t"})
        registry.get()
        time.sleep(0.1)
        assert registry.get() == BODY
        assert len(registry.asks("/token")) == 2
        shown = [one.headers.get("Authorization") for one in registry.asks(PATH)]
        assert shown == [None, "Bearer t", "Bearer t"]

    def test_one_that_the_registry_does_not_take_any_more_is_renewed_once(
        self, registry: Registry
    ) -> None:
        guard(registry, "old")
        give(registry, {"token": "old", "expires_in": 900}, {"token": "new", "expires_in": 900})
        registry.get()
        guard(registry, "new")
        assert registry.get() == BODY
        guard(registry, "newer")
        with pytest.raises(DeniedError, match="401"):
            registry.get()
        assert len(registry.asks("/token")) == 3

    def test_a_renewed_one_goes_on_with_a_cut_blob(self, registry: Registry) -> None:
        """It expires in the middle of a blob."""
        from io import BytesIO

        from lading.fetch.partial_file import PartialFile

        body = BODY * 1000
        first = Ranged(body=body, cut=5000)
        challenge = registry.bearer()
        registry.server.serve(
            PATH,
            Guarded(challenge=challenge, authorization="Bearer a", inner=first),
            Guarded(challenge=challenge, authorization="Bearer a", inner=first),
            Guarded(challenge=challenge, authorization="Bearer b", inner=Ranged(body=body)),
        )
        give(registry, {"token": "a"}, {"token": "b"})
        handle = BytesIO()
        registry.client.save(registry.server.url + PATH, PartialFile(handle), Wanted(len(body)))
        assert handle.getvalue() == body
        assert registry.server.ranges(PATH) == (None, None, "bytes=5000-", "bytes=5000-")

    @pytest.mark.parametrize(
        "reply, reason",
        [
            (Reply(401), "its token server {host} answers HTTP status 401"),
            (Reply(403), "its token server {host} answers HTTP status 403"),
            (Reply(302, headers={"Location": "/"}), "its token server {host} answers HTTP"),
            (Reply(503), "its token server {host} answers HTTP status 503"),
            (Reply(body=b"<html>"), "its token server {host} gives no token"),
            (Reply(body=b"[1]"), "its token server {host} gives no token"),
            (Reply(body=b'{"token": 3}'), "its token server {host} gives no token"),
            (Reply(body=b'{"token": "a\\r\\nb: c"}'), "its token server {host} gives no token"),
            (Reply(body=b"[" * 100_000), "its token server {host} gives no token"),
        ],
    )
    def test_none(self, registry: Registry, reply: Reply, reason: str) -> None:
        guard(registry)
        registry.server.serve(f"/token{TOKEN_QUERY}", reply)
        with pytest.raises(UnavailableError) as raised:
            registry.get()
        assert raised.value.reason.startswith(reason.format(host=registry.host))

    def test_a_busy_token_server_is_asked_again(self, registry: Registry) -> None:
        guard(registry)
        registry.server.serve(
            f"/token{TOKEN_QUERY}", Reply(503), Reply(body=b'{"token": "t", "expires_in": null}')
        )
        assert registry.get() == BODY
        assert registry.sleeps == [0.5]

    def test_a_realm_that_leads_astray_is_shown_nothing(self, registry: Registry) -> None:
        registry.knows(username="me", password="secret")
        guard(registry, realm="http://auth.example/token")
        with pytest.raises(UnavailableError, match="it leads to auth.example over http"):
            registry.get()

    def test_without_a_realm_basic_counts(self, registry: Registry) -> None:
        registry.knows(username="me", password="secret")
        registry.server.serve(
            PATH,
            Guarded(
                challenge='Bearer service="x", Basic realm="x"',
                authorization=SECRET,
                inner=Reply(body=BODY),
            ),
        )
        assert registry.get() == BODY


class TestRedirect:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_rules_img_612_opa_6580_renovate_3877_storage_is_shown_nothing(
        self, registry: Registry, elsewhere: FaultyServer, status: int
    ) -> None:
        registry.knows(username="me", password="secret")
        target = elsewhere.serve("/s?X-Amz-Signature=1", Reply(body=BODY))
        redirect = Reply(status, headers={"Location": target})
        registry.server.serve(
            PATH, Guarded(challenge="Basic", authorization=SECRET, inner=redirect)
        )
        assert registry.get() == BODY
        assert registry.server.requests[-1].headers["Authorization"] == SECRET
        assert [one.headers.get("Authorization") for one in elsewhere.requests] == [None]

    def test_a_relative_one(self, registry: Registry) -> None:
        registry.server.serve(PATH, Reply(307, headers={"Location": "../../../b?c"}))
        registry.server.serve("/v2/b?c", Reply(body=BODY))
        assert registry.get() == BODY

    def test_within_the_registry_the_token_is_kept(self, registry: Registry) -> None:
        there = Guarded(
            challenge=registry.bearer(), authorization="Bearer t", inner=Reply(body=BODY)
        )
        registry.server.serve("/there", there)
        redirect = Reply(307, headers={"Location": "/there"})
        registry.server.serve(
            PATH,
            Guarded(challenge=registry.bearer(), authorization="Bearer t", inner=redirect),
        )
        give(registry, {"token": "t"})
        assert registry.get() == BODY
        assert len(registry.asks("/there")) == 1

    def test_ggcr_2360_another_host_that_asks_gets_an_anonymous_token(
        self, registry: Registry, elsewhere: FaultyServer
    ) -> None:
        registry.knows(username="me", password="secret")
        challenge = f'Bearer realm="{elsewhere.url}/token"'
        target = elsewhere.serve(
            "/s", Guarded(challenge=challenge, authorization="Bearer t", inner=Reply(body=BODY))
        )
        elsewhere.serve("/token", Reply(body=b'{"token": "t"}'))
        registry.server.serve(PATH, Reply(307, headers={"Location": target}))
        assert registry.get() == BODY
        shown = [one.headers.get("Authorization") for one in elsewhere.requests]
        assert shown == [None, None, "Bearer t"]

    def test_a_refusal_elsewhere_names_the_host(
        self, registry: Registry, elsewhere: FaultyServer
    ) -> None:
        target = elsewhere.serve("/s?signature=secret", Reply(403))
        registry.server.serve(PATH, Reply(307, headers={"Location": target}))
        with pytest.raises(DeniedError) as raised:
            registry.get()
        assert raised.value.reason == (
            f"127.0.0.2:{elsewhere.port}, where it leads to, answers HTTP status 403 Forbidden"
        )

    @pytest.mark.parametrize(
        "location, reason",
        [
            (PATH, "it redirects more than 10 times"),
            ("http://a.example/x", "it leads to a.example over http"),
            ("https://me:secret@a.example/x", "it leads to an address that holds a user name"),
            ("file:///etc/passwd", "neither https nor http"),
            ("http://[a", "it leads to an invalid address"),
            ("", "it redirects more than 10 times"),
        ],
    )
    def test_one_that_leads_astray(self, registry: Registry, location: str, reason: str) -> None:
        registry.server.serve(PATH, Reply(307, headers={"Location": location}))
        with pytest.raises(UnavailableError) as raised:
            registry.get()
        assert reason in raised.value.reason
        assert "secret" not in raised.value.reason


def test_every_status_has_its_own_fault(registry: Registry) -> None:
    raised: Dict[int, str] = {}
    for status in (400, 404, 405, 418, 501):
        registry.server.serve(PATH, Reply(status, b'{"errors": [{"code": "X"}]}'))
        with pytest.raises(UnavailableError) as fault:
            registry.get()
        assert fault.value.status == status
        raised[status] = fault.value.reason
    assert raised[404] == "HTTP status 404 Not Found: X"
    assert registry.sleeps == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"errors": []}', b'{"errors": [1]}', b'{"errors": 1}']
)
def test_a_refusal_without_a_reason_is_told_by_its_status(registry: Registry, body: bytes) -> None:
    registry.server.serve(PATH, Reply(400, body))
    with pytest.raises(UnavailableError) as raised:
        registry.get()
    assert raised.value.reason == "HTTP status 400 Bad Request"
