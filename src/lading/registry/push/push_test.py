"""Pushes blobs and manifests to a registry that misbehaves."""

import gzip
import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest

from lading.image.reference import Repository
from lading.network.retries import Patience
from lading.network.self_signed_testing import SELF_SIGNED
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.file_range import StoppedError
from lading.registry.push.push import BlobOutcome, Pusher
from lading.registry.push.upload import BlobFile
from lading.registry.push.writable_registry_testing import Fault, WritableRegistry
from lading.registry.registry_testing import OCI_MANIFEST, config, manifest, sha256
from lading.runtime.machine import Machine
from lading.values.errors import LadingError

QUICK = Patience(connect=1, read=1, first_delay=0.001, longest_delay=0.01)
PATH, OTHER, THIRD = "team/app", "team/base", "team/third"
CONTENT = b"a layer"
LARGE = random.Random(5).getrandbits(8 * 9_000_000).to_bytes(9_000_000, "big")
UPLOADS = f"/v2/{PATH}/blobs/uploads/"
MANIFESTS = f"/v2/{PATH}/manifests/"


@pytest.fixture
def registry() -> Iterator[WritableRegistry]:
    with WritableRegistry() as registry:
        yield registry
        # jib#703; ggcr#401: Quay misinterprets a mount without `from`.
        assert all("from" in one.query for one in registry.requests if "mount" in one.query)


class Pushing:
    def __init__(self, registry: WritableRegistry, directory: Path) -> None:
        self.registry = registry
        self.directory = directory
        self.reports: List[str] = []
        self.config = directory / "config.json"
        self.pusher = self.to(PATH)

    def to(self, path: str, sources: Sequence[str] = (OTHER, THIRD), **machine: Any) -> Pusher:
        return Pusher(
            Repository.parse(f"{self.registry.host}/{path}"),
            Machine({}, **machine),
            CredentialSource({"DOCKER_CONFIG": str(self.directory)}),
            self.reports.append,
            QUICK,
            [self.repository(one) for one in sources],
            str(self.directory / "certs.d"),
        )

    def repository(self, path: str) -> Repository:
        return Repository.parse(f"{self.registry.host}/{path}")

    def file(self, content: bytes) -> BlobFile:
        digest = sha256(content)
        path = self.directory / digest.hex
        path.write_bytes(content)
        return BlobFile(str(path), digest, len(content))

    def blob(self, content: bytes = CONTENT, mount_from: Sequence[str] = ()) -> BlobOutcome:
        sources = [self.repository(one) for one in mount_from]
        outcome = self.pusher.blob(self.file(content), sources)
        assert self.registry.blobs[PATH, str(sha256(content))] == content
        return outcome

    def log(self) -> List[str]:
        return [one.partition(" ")[0] for one in self.registry.log()]


@pytest.fixture
def pushing(registry: WritableRegistry, tmp_path: Path) -> Pushing:
    return Pushing(registry, tmp_path)


class TestBlob:
    def test_one_that_is_there_is_left_alone(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.put_blob(PATH, CONTENT)
        registry.put_blob(OTHER, CONTENT)
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.PRESENT
        assert pushing.log() == ["HEAD"]

    @pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
    def test_where_it_can_not_be_asked_for_it_is_sent(
        self, registry: WritableRegistry, pushing: Pushing, status: int
    ) -> None:
        registry.faults = [Fault("HEAD", "/blobs/", status=status)]
        assert pushing.blob() is BlobOutcome.PUSHED

    def test_uploads_are_told(self, pushing: Pushing) -> None:
        pushing.blob()
        short = str(sha256(CONTENT))[:19]
        assert pushing.reports == [f"{pushing.pusher.repository.name}: uploading {short}, 7 B"]

    def test_ggcr_2034_ggcr_2299_it_is_known_by_its_own_digest(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        """Another compression of the same tar is another blob."""
        one, two = (gzip.compress(LARGE[:9000], level, mtime=0) for level in (1, 9))
        assert sha256(one) != sha256(two)
        assert pushing.blob(one) is BlobOutcome.PUSHED
        assert pushing.blob(two) is BlobOutcome.PUSHED

    def test_storage_on_another_host_gets_no_credentials(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.token_uses = 9
        with WritableRegistry("127.0.0.2") as storage:
            storage.uploads, storage.blobs = registry.uploads, registry.blobs
            registry.location = f"http://{storage.host}{{path}}?signature=x"
            storage.location = registry.location
            assert pushing.blob() is BlobOutcome.PUSHED
            assert pushing.blob(LARGE) is BlobOutcome.PUSHED
        assert [one.method for one in storage.requests] == ["PUT", "PATCH", "PUT"]
        assert all("Authorization" not in one.headers for one in storage.requests)
        assert all(one.query["signature"] == ["x"] for one in storage.requests)

    def test_a_refusal_of_the_storage_names_it(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        with WritableRegistry("127.0.0.2") as storage:
            registry.location = f"http://{storage.host}{{path}}?signature=secret"
            storage.faults = [Fault("PUT", "/", status=403)]
            with pytest.raises(LadingError) as raised:
                pushing.blob()
        assert f"{storage.host}, where it leads to, answers HTTP status 403" in str(raised.value)
        assert "secret" not in str(raised.value)


class TestMount:
    def test_from_a_neighbour(self, registry: WritableRegistry, pushing: Pushing) -> None:
        registry.put_blob(OTHER, CONTENT)
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.MOUNTED
        assert pushing.log() == ["HEAD", "POST"]
        (post,) = registry.sent("POST", UPLOADS)
        assert post.query == {"mount": [str(sha256(CONTENT))], "from": [OTHER]}

    def test_an_upload_that_is_opened_instead_goes_on(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.mounts = False
        for content in (CONTENT, LARGE):
            registry.put_blob(OTHER, content)
            assert pushing.blob(content, [OTHER, THIRD]) is BlobOutcome.PUSHED
        assert pushing.log() == ["HEAD", "POST", "PUT", "HEAD", "POST", "PATCH", "PUT"]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
    def test_ggcr_1404_ggcr_1609_containerd_14086_harbor_22078_a_refused_one_is_an_upload(
        self, registry: WritableRegistry, pushing: Pushing, status: int
    ) -> None:
        registry.put_blob(OTHER, CONTENT)
        registry.faults = [Fault("POST", "mount=", status=status)]
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.PUSHED
        assert pushing.log() == ["HEAD", "POST", "POST", "PUT"]
        # A repository that did not have a blob is not asked again.
        registry.put_blob(OTHER, LARGE)
        assert pushing.blob(LARGE, [OTHER]) is BlobOutcome.PUSHED
        assert pushing.log()[4:] == ["HEAD", "POST", "PATCH", "PUT"]

    def test_from_the_next_where_one_refuses(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.put_blob(THIRD, CONTENT)
        registry.faults = [Fault("POST", f"from={OTHER}", status=403)]
        assert pushing.blob(mount_from=[OTHER, THIRD]) is BlobOutcome.MOUNTED

    @pytest.mark.parametrize(
        "fault", [{"status": 500}, {"status": 429}, {"is_lost": True}, {"cut": 0}]
    )
    def test_a_fault_is_tried_again(
        self, registry: WritableRegistry, pushing: Pushing, fault: Dict[str, Any]
    ) -> None:
        registry.put_blob(OTHER, CONTENT)
        registry.faults = [Fault("POST", "mount=", **fault)]
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.MOUNTED

    def test_faults_without_end_are_an_upload(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.put_blob(OTHER, CONTENT)
        registry.faults = [Fault("POST", "mount=", status=500)] * 9
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.PUSHED
        assert pushing.log() == ["HEAD", "POST", "POST", "POST", "PUT"]

    def test_ggcr_219_not_from_another_registry_nor_from_itself(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        sources = [Repository.parse("docker.io/library/debian"), pushing.repository(PATH)]
        outcome = pushing.pusher.blob(pushing.file(CONTENT), sources)
        assert outcome is BlobOutcome.PUSHED
        assert pushing.log() == ["HEAD", "POST", "PUT"]

    def test_jib_703_ggcr_401_none_without_a_source(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        """Quay misinterprets a mount without `from`."""
        registry.put_blob(OTHER, CONTENT)
        assert pushing.blob() is BlobOutcome.PUSHED
        (post,) = registry.sent("POST", UPLOADS)
        assert post.query == {}


class TestToken:
    def test_one_is_good_for_all_threads_and_for_the_sources_of_mounts(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.token_uses = 1000
        contents = [b"%d" % number for number in range(20)]
        for content in contents[::2]:
            registry.put_blob(OTHER, content)
        with ThreadPoolExecutor(4) as threads:
            outcomes = list(threads.map(lambda one: pushing.blob(one, [OTHER]), contents))
        assert outcomes == [BlobOutcome.MOUNTED, BlobOutcome.PUSHED] * 10
        assert registry.token_scopes == [
            [
                f"repository:{PATH}:pull,push",
                f"repository:{OTHER}:pull",
                f"repository:{THIRD}:pull",
            ]
        ]

    def test_where_nothing_is_given_for_the_sources_it_is_asked_for_without(
        self, registry: WritableRegistry, pushing: Pushing
    ) -> None:
        registry.token_uses = 1000
        registry.refused_scope = OTHER
        registry.put_blob(OTHER, CONTENT)
        assert pushing.blob(mount_from=[OTHER]) is BlobOutcome.PUSHED

    @pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["small", "large"])
    @pytest.mark.parametrize("uses", [1, 2])
    def test_one_that_expires_in_the_middle_is_renewed(
        self, registry: WritableRegistry, pushing: Pushing, uses: int, content: bytes
    ) -> None:
        registry.token_uses = uses
        assert pushing.blob(content) is BlobOutcome.PUSHED
        assert len(registry.token_scopes) > 1

    def test_requests_are_counted(self, registry: WritableRegistry, pushing: Pushing) -> None:
        registry.token_uses = 1000
        pushing.blob()
        assert pushing.pusher.requests == len(registry.requests) - 1 == 4
        assert pushing.pusher.token_requests == 1


class TestManifest:
    @pytest.fixture
    def image(self, registry: WritableRegistry) -> bytes:
        """An image's manifest; its blobs are already there."""
        content = config()
        for blob in (content, CONTENT):
            registry.put_blob(PATH, blob)
        return manifest(content, [CONTENT])

    def put(self, pushing: Pushing, content: bytes, *tags: str) -> None:
        pushing.pusher.manifest(content, OCI_MANIFEST, sha256(content), tags)

    def test_under_each_of_its_names(
        self, registry: WritableRegistry, pushing: Pushing, image: bytes
    ) -> None:
        digest = str(sha256(image))
        self.put(pushing, image, digest, "1.0", "latest")
        assert registry.manifests == {(PATH, digest): (OCI_MANIFEST, image)}
        assert registry.tags == {(PATH, "1.0"): digest, (PATH, "latest"): digest}
        assert [one.path for one in registry.requests] == [
            MANIFESTS + one for one in (digest, "1.0", "latest")
        ]

    @pytest.mark.parametrize(
        "fault",
        [{"status": 500}, {"status": 429}, {"is_lost": True}, {"cut": 0}, {"cut": 10}],
    )
    def test_faults_are_recovered_from(
        self, registry: WritableRegistry, pushing: Pushing, image: bytes, fault: Dict[str, Any]
    ) -> None:
        registry.faults = [Fault("PUT", MANIFESTS, **fault)]
        self.put(pushing, image, "1.0")
        assert registry.tags[PATH, "1.0"] == str(sha256(image))

    def test_buildkit_3776_rules_docker_2220_an_immutable_tag_of_the_same_digest(
        self, registry: WritableRegistry, pushing: Pushing, image: bytes
    ) -> None:
        registry.is_immutable = True
        registry.faults = [Fault("PUT", MANIFESTS, is_lost=True)]
        self.put(pushing, image, "1.0")
        assert pushing.log() == ["PUT", "PUT", "HEAD"]

    @pytest.mark.parametrize(
        "status, error",
        [
            (400, "The image tag already exists and cannot be overwritten"),
            (403, "cannot update tag: the repository has enabled tag immutability"),
            (405, "UNSUPPORTED"),
            (409, ""),
            (412, "configured as immutable"),
        ],
    )
    def test_an_immutable_tag_of_another_digest(
        self,
        registry: WritableRegistry,
        pushing: Pushing,
        image: bytes,
        status: int,
        error: str,
    ) -> None:
        other = manifest(config(), [CONTENT], annotations={})
        self.put(pushing, other, "1.0")
        registry.faults = [Fault("PUT", MANIFESTS, status=status, error=error)]
        with pytest.raises(LadingError) as raised:
            self.put(pushing, image, "1.0")
        assert str(raised.value).endswith(
            f"The tag names {sha256(other)} there and is not to be moved: publish under another "
            "tag, such as one with `{hash}`."
        )

    def test_a_registry_that_read_something_else(
        self, registry: WritableRegistry, pushing: Pushing, image: bytes
    ) -> None:
        registry.wrong_digest = str(sha256(b""))
        with pytest.raises(LadingError, match="it was sent .*, but reports sha256:e3b0"):
            self.put(pushing, image, "1.0")

    def test_of_what_is_not_there(self, pushing: Pushing) -> None:
        with pytest.raises(LadingError) as raised:
            self.put(pushing, manifest(config(), [CONTENT]), "1.0")
        host = pushing.registry.host
        assert str(raised.value) == (
            f"{host}/{PATH} could not be pushed. {host}, for the manifest as '1.0': HTTP status "
            "400 Bad Request: MANIFEST_BLOB_UNKNOWN, manifest_blob_unknown."
        )


class TestManifestOf:
    def test_a_tag_and_a_digest(self, registry: WritableRegistry, pushing: Pushing) -> None:
        digest = sha256(b"{}")
        registry.tags[PATH, "1.0"] = str(digest)
        registry.manifests[PATH, str(digest)] = OCI_MANIFEST, b"{}"
        assert pushing.pusher.manifest_of("1.0") == digest
        assert pushing.pusher.manifest_of(str(digest)) == digest
        assert pushing.pusher.manifest_of("2.0") is None
        assert pushing.log() == ["HEAD"] * 3

    @pytest.mark.parametrize("head", [{"status": 405}, {"status": 501}, {"status": 200}])
    def test_by_get_where_there_is_no_head(
        self, registry: WritableRegistry, pushing: Pushing, head: Dict[str, Any]
    ) -> None:
        registry.tags[PATH, "1.0"] = str(sha256(b"{}"))
        registry.manifests[PATH, str(sha256(b"{}"))] = OCI_MANIFEST, b"{}"
        registry.faults = [Fault("HEAD", MANIFESTS, **head)]
        assert pushing.pusher.manifest_of("1.0") == sha256(b"{}")
        assert pushing.log() == ["HEAD", "GET"]

    @pytest.mark.parametrize("status", [401, 403])
    def test_what_may_not_be_read_may_be_written(
        self, registry: WritableRegistry, pushing: Pushing, status: int
    ) -> None:
        registry.faults = [Fault("HEAD", MANIFESTS, status=status)]
        assert pushing.pusher.manifest_of("1.0") is None

    def test_a_registry_that_is_down(self, registry: WritableRegistry, pushing: Pushing) -> None:
        registry.faults = [Fault(one, MANIFESTS, status=503) for one in ("HEAD", "GET") * 5]
        with pytest.raises(LadingError) as raised:
            pushing.pusher.manifest_of("1.0")
        host = registry.host
        assert str(raised.value) == (
            f"{host}/{PATH} could not be pushed. {host}, for the manifest of '1.0': HTTP status "
            "503 Service Unavailable (tried 5 times)."
        )


class TestSentence:
    """The sentence about a registry that accepts nothing."""

    def sentence(self, pushing: Pushing, *faults: Fault) -> str:
        pushing.registry.faults = list(faults)
        with pytest.raises(LadingError) as raised:
            pushing.pusher.blob(pushing.file(CONTENT))
        text, host = str(raised.value), pushing.registry.host
        prefix = f"{host}/{PATH} could not be pushed. {host}, for the blob {sha256(CONTENT)}: "
        assert text.startswith(prefix)
        return text[len(prefix) :]

    def test_to_who_may_not_push(self, pushing: Pushing) -> None:
        known = {pushing.registry.host: {"username": "me", "password": "secret"}}
        pushing.config.write_text(json.dumps({"auths": known}))
        pushing.registry.token_uses = 9
        pushing.registry.refused_scope = "push"
        host = pushing.registry.host
        assert self.sentence(pushing) == (
            f"its token server {host} answers HTTP status 403 Forbidden: DENIED, denied. Of "
            f"credentials, those for {host} in {pushing.config} were used. If the name is right, "
            f"`docker login {host}` with an account that may push to it."
        )

    def test_to_nobody(self, pushing: Pushing) -> None:
        host = pushing.registry.host
        assert self.sentence(pushing, Fault("POST", UPLOADS, status=403, error="DENIED")) == (
            "HTTP status 403 Forbidden: DENIED, denied. If the name is right, "
            f"`docker login {host}` with an account that may push to it."
        )

    def test_of_an_unknown_repository(self, pushing: Pushing) -> None:
        assert self.sentence(pushing, Fault("POST", UPLOADS, status=404, error="NAME_UNKNOWN")) == (
            "HTTP status 404 Not Found: NAME_UNKNOWN, name_unknown. Check the name: some "
            f"registries want {PATH} to be created before anything is pushed to it."
        )

    @pytest.mark.parametrize(
        "status, error",
        [
            (400, "QUOTA_EXCEEDED"),
            (403, "adding 1 MiB will exceed the configured upper limit"),
            (500, "write /x: no space left on device"),
            (507, ""),
        ],
    )
    def test_of_a_full_one(self, pushing: Pushing, status: int, error: str) -> None:
        faults = [Fault("PUT", UPLOADS, status=status, error=error)] * 5
        assert self.sentence(pushing, *faults).endswith(
            "Make room there, or have the quota raised."
        )

    def test_of_one_that_takes_only_little(self, pushing: Pushing) -> None:
        assert self.sentence(pushing, *[Fault("PUT", UPLOADS, status=413)] * 9).endswith(
            "It, or a proxy before it, limits the size of a request: have that limit raised."
        )

    def test_of_a_limit(self, pushing: Pushing) -> None:
        assert self.sentence(pushing, *[Fault("POST", UPLOADS, status=429)] * 9) == (
            "HTTP status 429 Too Many Requests (tried 5 times). It limits how many requests one "
            "may send: wait, and publish again."
        )

    def test_of_one_without_tls(self, pushing: Pushing) -> None:
        """A local registry with its own certificate is expected to use TLS."""
        host = pushing.registry.host
        certificates = pushing.directory / "certs.d" / host
        certificates.mkdir(parents=True)
        (certificates / "ca.crt").write_text(SELF_SIGNED)
        pushing.pusher = pushing.to(PATH)
        assert self.sentence(pushing).endswith(
            f"If it has no TLS, add {host!r} to `[lading].insecure_registries`; then what is "
            "pushed, and your credentials, can be read and changed on the way."
        )


def test_stopping_ends_all_threads(registry: WritableRegistry, pushing: Pushing) -> None:
    registry.faults = [Fault("POST", UPLOADS, status=503, headers={"Retry-After": "60"})] * 9
    patient = Pusher(
        pushing.repository(PATH),
        Machine({}),
        CredentialSource({}),
        patience=Patience(connect=1, read=1),
    )
    with ThreadPoolExecutor(2) as threads:
        pending = [threads.submit(patient.blob, pushing.file(one)) for one in (b"a", b"b")]
        threading.Timer(0.2, patient.stop).start()
        for one in pending:
            with pytest.raises(StoppedError):
                one.result(timeout=5)


def test_after_closing_it_goes_on(registry: WritableRegistry, pushing: Pushing) -> None:
    pushing.blob(b"a")
    pushing.pusher.close()
    pushing.blob(b"b")
    assert registry.connections == 2
