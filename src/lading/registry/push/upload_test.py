"""Uploads over a bad network, and to registries that deviate from the protocol."""

import random
import threading
from pathlib import Path
from typing import Iterator, List

import pytest

from lading.network.faults import UnavailableError, WrongContentError
from lading.network.retries import Patience
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.file_range import StoppedError
from lading.registry.http.transport import Transport
from lading.registry.place import Place
from lading.registry.push.push_connection import PushConnection
from lading.registry.push.upload import BlobFile, Upload
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.values.digest import Sha256

QUICK = Patience(connect=1, read=1, first_delay=0.001, longest_delay=0.01)
PATH = "team/app"
SMALL = b"a small blob"
LARGE = random.Random(4).getrandbits(8 * 9_000_000).to_bytes(9_000_000, "big")
UPLOADS = f"/v2/{PATH}/blobs/uploads/"


@pytest.fixture
def registry() -> Iterator[WritableRegistry]:
    with WritableRegistry() as registry:
        yield registry


class Uploading:
    def __init__(self, registry: WritableRegistry, directory: Path) -> None:
        self.registry = registry
        self.directory = directory
        self.reports: List[str] = []
        self.stop = threading.Event()
        place = Place(registry.host, "http", registry.host, PATH)
        transport = Transport(place, Authorizers(place, CredentialSource({})), "/nonexistent")
        self.connection = PushConnection(place, transport, self.reports.append, QUICK, self.stop)

    def __call__(self, content: bytes) -> List[str]:
        """Upload it; returns the requests to the registry."""
        path = self.directory / "blob"
        path.write_bytes(content)
        digest = Sha256.of(content)
        Upload(self.connection, BlobFile(str(path), digest, len(content))).run()
        assert self.registry.blobs[PATH, str(digest)] == content
        return [one.partition(" ")[0] for one in self.registry.log()]


@pytest.fixture
def upload(registry: WritableRegistry, tmp_path: Path) -> Uploading:
    return Uploading(registry, tmp_path)


@pytest.mark.parametrize("content", [SMALL, b"", b"1"])
def test_a_small_blob_is_one_put(upload: Uploading, content: bytes) -> None:
    assert upload(content) == ["POST", "PUT"]


def test_few_connections_serve_all_requests(upload: Uploading, registry: WritableRegistry) -> None:
    registry.token_uses = 3
    registry.faults = [Fault("PUT", UPLOADS, status=400, error="DIGEST_INVALID")]
    for content in (SMALL, LARGE, b"other"):
        upload(content)
    assert len(registry.requests) > 10
    # The token server, which is the same here, is asked before a refusal has been read.
    assert registry.connections == 2


def test_a_large_one_is_one_patch(upload: Uploading, registry: WritableRegistry) -> None:
    assert upload(LARGE) == ["POST", "PATCH", "PUT"]
    (patch,) = registry.sent("PATCH", UPLOADS)
    assert patch.headers["Content-Range"] == "0-8999999"
    assert patch.headers["Content-Type"] == "application/octet-stream"


class TestLocation:
    @pytest.mark.parametrize(
        "location",
        [
            "{path}",
            "http://{host}{path}",
            "https://{host}{path}",
            "{path}?_state=a%3D%3D&b",
            "{path}?digest_of=x#fragment",
        ],
    )
    @pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
    def test_of_any_form(
        self, upload: Uploading, registry: WritableRegistry, location: str, content: bytes
    ) -> None:
        registry.location = location.replace("{host}", registry.host)
        upload(content)
        (put,) = registry.sent("PUT", UPLOADS)
        assert put.query["digest"] == [str(Sha256.of(content))]
        if "_state" in location:
            assert put.query["_state"] == ["a=="]

    def test_none(self, upload: Uploading, registry: WritableRegistry) -> None:
        registry.faults = [Fault("POST", UPLOADS, status=202)]
        with pytest.raises(UnavailableError, match="it opens an upload without giving its address"):
            upload(SMALL)


class TestFaults:
    @pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500},
            {"status": 503, "headers": {"Retry-After": "0"}},
            {"status": 429, "headers": {"Retry-After": "0"}},
            {"cut": 0},
            {"is_lost": True},
        ],
        ids=["500", "503", "429", "cut", "lost"],
    )
    def test_once(
        self,
        upload: Uploading,
        registry: WritableRegistry,
        method: str,
        fault: "dict[str, object]",
        content: bytes,
    ) -> None:
        registry.faults = [Fault(method, UPLOADS, **fault)]  # type: ignore[arg-type]
        upload(content)
        assert registry.faults == []
        if content == LARGE:
            # It is not sent again for an error before or after it.
            assert [one.size for one in registry.sent("PATCH", UPLOADS)] == [len(LARGE)]

    def test_a_lost_answer_to_the_last_request_is_found_out(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("PUT", UPLOADS, is_lost=True)]
        assert upload(SMALL) == ["POST", "PUT", "HEAD"]

    def test_a_cut_one_goes_on_behind_what_the_registry_has(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("PATCH", UPLOADS, cut=1_000_000)] * 3
        asked = upload(LARGE)
        assert asked == ["POST", *["PATCH", "GET"] * 3, "PATCH", "PUT"]
        patches = registry.sent("PATCH", UPLOADS)
        assert [one.headers["Content-Range"].partition("-")[0] for one in patches] == [
            "0",
            "1000000",
            "2000000",
            "3000000",
        ]

    def test_a_small_one_that_is_cut_is_sent_anew(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("PUT", UPLOADS, cut=3)]
        assert upload(SMALL) == ["POST", "PUT", "HEAD", "POST", "PUT"]

    def test_chunks_get_smaller_where_nothing_is_kept_of_a_cut_one(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.forgets_cut_bytes = True
        registry.faults = [Fault("PATCH", UPLOADS, cut=2_000_000)] * 2
        upload(LARGE)
        sizes = [one.size for one in registry.sent("PATCH", UPLOADS)]
        assert sizes == [2_000_000, 2_000_000, *[2_250_000] * 4]

    def test_chunks_are_not_made_smaller_than_the_registry_wants(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.forgets_cut_bytes = True
        registry.least_chunk = 5_000_000
        registry.faults = [Fault("PATCH", UPLOADS, cut=2_000_000)] * 3
        upload(LARGE)
        sizes = [one.size for one in registry.sent("PATCH", UPLOADS)]
        assert sizes == [*[2_000_000] * 3, 5_000_000, 4_000_000]

    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    def test_an_upload_that_has_vanished_is_begun_anew(
        self, upload: Uploading, registry: WritableRegistry, method: str
    ) -> None:
        registry.faults = [Fault(method, UPLOADS, status=404, error="BLOB_UPLOAD_UNKNOWN")]
        upload(LARGE)
        assert len(registry.sent("POST", UPLOADS)) == 2

    def test_a_cut_upload_that_has_vanished_meanwhile(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [
            Fault("PATCH", UPLOADS, cut=1_000_000),
            Fault("GET", UPLOADS, status=404),
        ]
        asked = upload(LARGE)
        assert asked == ["POST", "PATCH", "GET", "POST", "PATCH", "PATCH", "PUT"]

    def test_another_offset_than_was_thought(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [
            Fault("PATCH", UPLOADS, cut=1_000_000),
            Fault("GET", UPLOADS, status=204, headers={"Range": "0-499999"}),
        ]
        asked = upload(LARGE)
        assert asked == ["POST", "PATCH", "GET", "PATCH", "GET", "PATCH", "PUT"]

    def test_bytes_that_were_changed_on_the_way_are_sent_anew(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("PUT", UPLOADS, status=400, error="DIGEST_INVALID")]
        upload(LARGE)
        assert len(registry.sent("POST", UPLOADS)) == 2

    def test_a_registry_that_reads_other_bytes(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("PUT", UPLOADS, status=400, error="DIGEST_INVALID")] * 2
        with pytest.raises(UnavailableError, match="400 Bad Request: DIGEST_INVALID"):
            upload(SMALL)
        assert len(registry.sent("PUT", UPLOADS)) == 2

    def test_a_registry_that_says_another_digest(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.wrong_digest = str(Sha256.of(b"other"))
        with pytest.raises(WrongContentError, match="it was sent .*, but reports "):
            upload(SMALL)

    def test_one_without_an_end(self, upload: Uploading, registry: WritableRegistry) -> None:
        registry.faults = [Fault("PUT", UPLOADS, status=503)] * 9
        with pytest.raises(UnavailableError, match=r"503 .* \(tried 5 times\)"):
            upload(SMALL)
        assert len(upload.reports) == 4

    @pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refusal_is_final(
        self, upload: Uploading, registry: WritableRegistry, method: str, status: int
    ) -> None:
        registry.faults = [Fault(method, UPLOADS, status=status, error="DENIED")]
        with pytest.raises(UnavailableError, match=f"HTTP status {status} .*: DENIED"):
            upload(LARGE)
        assert len(registry.sent(method, UPLOADS)) == 1

    def test_waiting_ends_when_it_is_stopped(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.faults = [Fault("POST", UPLOADS, status=503)] * 9
        upload.stop.set()
        with pytest.raises(StoppedError):
            upload(SMALL)
        assert len(registry.requests) == 1

    def test_sending_ends_when_it_is_stopped(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        upload.stop.set()
        with pytest.raises(StoppedError):
            upload(LARGE)


class TestOwnIdeas:
    def test_ggcr_431_ecr_forgets_all_chunks_but_the_first(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        """aws/containers-roadmap#2831: a second PATCH has no effect, and is answered by 201."""
        registry.stalls_at_second_chunk = True
        registry.faults = [Fault("PATCH", UPLOADS, cut=1_000_000)]
        asked = upload(LARGE)
        assert asked == ["POST", "PATCH", "GET", "PATCH", "POST", "PUT"]

    @pytest.mark.parametrize("status", [400, 405, 415, 501])
    def test_no_patch_at_all(
        self, upload: Uploading, registry: WritableRegistry, status: int
    ) -> None:
        registry.faults = [Fault("PATCH", UPLOADS, status=status)]
        assert upload(LARGE) == ["POST", "PATCH", "POST", "PUT"]

    def test_a_proxy_that_limits_what_is_sent_at_once(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.most_body = 3_000_000
        upload(LARGE)
        assert [one.size for one in registry.sent("PATCH", UPLOADS)][-4:] == [2_250_000] * 4

    def test_one_that_limits_it_too_much(
        self, upload: Uploading, registry: WritableRegistry
    ) -> None:
        registry.most_body = 1000
        with pytest.raises(UnavailableError, match="HTTP status 413"):
            upload(LARGE)

    def test_no_range_in_answers(self, upload: Uploading, registry: WritableRegistry) -> None:
        registry.faults = [Fault("PATCH", UPLOADS, cut=0), Fault("GET", UPLOADS, status=204)]
        asked = upload(LARGE)
        assert asked == ["POST", "PATCH", "GET", "POST", "PATCH", "PATCH", "PUT"]
