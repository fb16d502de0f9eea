import io
import json
import random
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

from lading.fetch.partial_file import PartialFile
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.network.retries import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.manifest import LARGEST_DOCUMENT
from lading.registry.pull.pull import Puller
from lading.registry.registry_testing import (
    OCI_CONFIG,
    Guarded,
    RegistryServer,
    config,
    descriptor,
    encoded,
    index,
    manifest,
    sha256,
)
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError

BODY = random.Random(3).getrandbits(8 * 300_000).to_bytes(300_000, "big")
AMD64 = Platform("linux", "amd64")
QUICK = Patience(connect=1, read=0.3, first_delay=0.01, longest_delay=0.01)


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


@pytest.fixture
def mirror() -> Iterator[RegistryServer]:
    with FaultyServer("127.0.0.2") as server:
        yield RegistryServer(server)


class Pulling:
    def __init__(self, registry: RegistryServer, directory: Path, *mirrors: str) -> None:
        self.reports: List[str] = []
        self.config = directory / "config.json"
        machine = Machine({}, registry_mirrors={registry.host: mirrors})
        self.puller = Puller(
            Repository.parse(registry.name),
            machine,
            CredentialSource({"DOCKER_CONFIG": str(directory)}),
            self.reports.append,
            QUICK,
        )

    def image(self, digest: Sha256, platform: Platform = AMD64) -> Any:
        return self.puller.image(digest, platform)

    def blob(self, digest: Sha256, size: Optional[int] = len(BODY), held: bytes = b"") -> bytes:
        handle = io.BytesIO(held)
        self.puller.blob(digest, size, PartialFile(handle))
        return handle.getvalue()

    def knows(self, **auths: Dict[str, str]) -> None:
        self.config.write_text(json.dumps({"auths": auths}))


@pytest.fixture
def pulling(registry: RegistryServer, tmp_path: Path) -> Pulling:
    return Pulling(registry, tmp_path)


class TestResolve:
    def test_by_head_alone(self, registry: RegistryServer, pulling: Pulling) -> None:
        digest = registry.manifest(b"{}", tag="1.0")
        assert pulling.puller.resolve("1.0") == digest
        assert [one.method for one in registry.server.requests] == ["HEAD"]
        assert "application/vnd.oci.image.index" in registry.server.requests[0].headers["Accept"]

    @pytest.mark.parametrize(
        "head", [Reply(404), Reply(405), Reply(501), Reply(500), Reply(200), Reply(400)]
    )
    def test_by_get_where_there_is_no_head(
        self, registry: RegistryServer, pulling: Pulling, head: Reply
    ) -> None:
        heads = [head] * (5 if head.status == 500 else 1)
        registry.server.serve(registry.url("manifests", "1.0"), *heads, Reply(body=b"{}"))
        assert pulling.puller.resolve("1.0") == sha256(b"{}")

    def test_a_digest_that_is_not_that_of_the_bytes(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        url = registry.url("manifests", "1.0")
        lie = Reply(200, b"{}", {"Docker-Content-Digest": str(sha256(b"other"))})
        registry.server.serve(url, Reply(404), lie)
        with pytest.raises(LadingError, match="it announces sha256:d9298.* but sends sha256:44136"):
            pulling.puller.resolve("1.0")

    def test_a_tag_that_is_not_there(self, registry: RegistryServer, pulling: Pulling) -> None:
        with pytest.raises(LadingError) as raised:
            pulling.puller.resolve("1.0")
        assert str(raised.value) == (
            f"{registry.name}:1.0 could not be pulled. {registry.host}: HTTP status 404 Not "
            "Found. Check the name and the tag: the registry has no such image."
        )


class TestBlob:
    @pytest.mark.parametrize(
        "first",
        [
            Ranged(body=BODY, cut=100_000),
            Ranged(body=BODY, cut=100_000, reset=True),
            Ranged(body=BODY, cut=100_000, announce=False),
            Reply(body=BODY, drip_seconds=1),
            Reply(408),
            Reply(429, headers={"Retry-After": "1"}),
            Reply(500),
            Reply(503),
        ],
    )
    def test_faults_are_recovered_from(
        self, registry: RegistryServer, pulling: Pulling, first: Reply
    ) -> None:
        digest = registry.blob(BODY, first, Ranged(body=BODY))
        assert pulling.blob(digest) == BODY
        assert len(registry.seen("blobs", digest)) == 2

    def test_it_goes_on_behind_what_there_is(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        digest = registry.blob(BODY)
        assert pulling.blob(digest, held=BODY[:9]) == BODY
        assert registry.server.ranges(registry.url("blobs", digest)) == ("bytes=9-",)

    @pytest.mark.parametrize(
        "reply, reason",
        [
            (Reply(body=BODY[::-1]), "its 300000 bytes have the SHA-256 "),
            (Reply(body=BODY + b"x"), "it has 300001 bytes instead of the pinned 300000"),
            (Reply(body=BODY[:-1]), "it has 299999 bytes instead of the pinned 300000"),
            (Reply(body=BODY + b"x", announce=False), "it sends more than the pinned 300000 bytes"),
            (Reply(body=b"<html>login</html>"), "it has 18 bytes"),
        ],
    )
    def test_wrong_bytes_are_refused(
        self, registry: RegistryServer, pulling: Pulling, reply: Reply, reason: str
    ) -> None:
        digest = registry.blob(BODY, reply)
        part = PartialFile(io.BytesIO())
        with pytest.raises(LadingError) as raised:
            pulling.puller.blob(digest, len(BODY), part)
        assert f"{registry.name}@{digest} could not be pulled. {registry.host}: {reason}" in str(
            raised.value
        )
        assert str(raised.value).endswith("is broken: its bytes are not used.")
        assert part.size == 0

    def test_a_limit_tells_what_to_do(self, registry: RegistryServer, pulling: Pulling) -> None:
        digest = registry.blob(BODY, Reply(429))
        with pytest.raises(LadingError) as raised:
            pulling.blob(digest)
        assert str(raised.value).endswith(
            "Too Many Requests (tried 5 times). It limits how often you can pull: wait, `docker "
            f"login {registry.host}`, or set `registry_mirrors`."
        )

    def test_denied_tells_which_credentials_were_used(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        pulling.knows(**{registry.host: {"username": "me", "password": "secret"}})
        digest = registry.blob(BODY, Guarded(challenge="Basic", authorization="x"))
        with pytest.raises(LadingError) as raised:
            pulling.blob(digest)
        assert str(raised.value) == (
            f"{registry.name}@{digest} could not be pulled. {registry.host}: HTTP status 401 "
            f"Unauthorized. Of credentials, those for {registry.host} in {pulling.config} were "
            f"used. If the name is right and the image private, `docker login {registry.host}` "
            "with an account that may pull it."
        )


class TestImage:
    def test_of_a_manifest(self, registry: RegistryServer, pulling: Pulling) -> None:
        content = registry.image([b"lower", b"upper"])
        image = pulling.image(sha256(content))
        assert (image.digest, image.manifest_bytes) == (sha256(content), content)
        assert image.config_bytes == config(2)
        assert [layer.size for layer in image.manifest.layers] == [5, 5]

    def test_of_an_index_of_indexes(self, registry: RegistryServer, pulling: Pulling) -> None:
        amd64 = registry.image()
        arm = registry.image([b"a"], architecture="arm64")
        platforms = (
            {"os": "linux", "architecture": "arm64"},
            {"os": "linux", "architecture": "amd64"},
        )
        inner = index((arm, platforms[0]), (amd64, platforms[1]))
        registry.manifest(inner)
        outer = registry.manifest(index((inner, None)))
        assert pulling.image(outer).digest == sha256(amd64)
        image = pulling.image(outer, Platform("linux", "arm64", "v8"))
        assert image.digest == sha256(arm)

    def test_the_variant_of_the_index_counts_where_the_config_has_none(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        content = registry.image(architecture="arm")
        v6 = Platform("linux", "arm", "v6")
        digest = registry.manifest(index((content, v6.to_dict())))
        assert pulling.image(digest, v6).platform == v6

    def test_whatever_content_type_is_said(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        """rules_oci#496, #839, #868; rules_img#186"""
        content = registry.image()
        for content_type in ("text/html", "application/vnd.docker.distribution.manifest.v1+json"):
            registry.manifest(content, Reply(200, content, {"Content-Type": content_type}))
            assert pulling.image(sha256(content)).manifest_bytes == content

    def test_a_manifest_of_four_mebibytes(self, registry: RegistryServer, pulling: Pulling) -> None:
        config_bytes = config(1)
        registry.blob(config_bytes)
        content = manifest(config_bytes, [b"layer"], annotations={"a": "x" * (4 << 20)})
        registry.manifest(content)
        assert pulling.image(sha256(content)).manifest_bytes == content

    def test_a_platform_that_there_is_not(self, registry: RegistryServer, pulling: Pulling) -> None:
        content = registry.image()
        unknown = {"os": "unknown", "architecture": "unknown"}
        digest = registry.manifest(index((content, AMD64.to_dict()), (content, unknown)))
        for pinned in (digest, sha256(content)):
            with pytest.raises(LadingError) as raised:
                pulling.image(pinned, Platform("linux", "arm64"))
            assert str(raised.value) == (
                f"{registry.name}@{pinned} has no image for linux/arm64, only for linux/amd64. "
                "Name one of these as `platform`, or pin another image."
            )

    def test_what_an_index_names_is_told_in_short_and_does_nothing_to_a_terminal(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        content = registry.image()
        odd = [{"os": "\x1b[2J", "architecture": f"{number}" * 300} for number in range(30)]
        digest = registry.manifest(index(*((content, one) for one in odd)))
        with pytest.raises(LadingError) as raised:
            pulling.image(digest, AMD64)
        message = str(raised.value)
        assert r"only for \x1b[2J/000" in message and ", and more. Name one of these" in message
        assert message.isprintable() and len(message) < 6000

    def test_what_a_registry_answers_does_nothing_to_a_terminal(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        content = registry.image()
        registry.manifest(content, Reply(302, b"", {"Location": "http://\x1bc.example/"}))
        with pytest.raises(LadingError) as raised:
            pulling.image(sha256(content))
        assert r"it leads to \x1bc.example, which is not a host's name" in str(raised.value)

    def test_wrong_bytes_are_refused(self, registry: RegistryServer, pulling: Pulling) -> None:
        content = registry.image()
        registry.manifest(content, Reply(body=content[:-1] + b" }"))
        with pytest.raises(LadingError, match="wrong content, expected sha256:.*, got sha256:"):
            pulling.image(sha256(content))

    def test_a_document_without_end_is_not_read(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        content = b" " * (LARGEST_DOCUMENT + 1)
        digest = registry.manifest(content)
        with pytest.raises(LadingError, match=f"it has more than {LARGEST_DOCUMENT} bytes"):
            pulling.image(digest)

    @pytest.mark.parametrize(
        "content, reason",
        [
            (b'{"schemaVersion": 1}', "it is of schema 1"),
            (b"<html>", "it is not valid JSON"),
            (
                encoded(
                    {
                        "config": descriptor(b""),
                        "layers": [descriptor(b"", "application/x.foreign.y")],
                    }
                ),
                "is of the type application/x.foreign.y, whose content may not be redistributed",
            ),
            (
                encoded({"config": {**descriptor(b"{}"), "size": 1 << 40}, "layers": []}),
                "its config has 1099511627776 bytes, which is too much",
            ),
            (
                encoded({"config": {**descriptor(b"{}", OCI_CONFIG), "size": 3}}),
                "its config has 2 bytes, but its manifest says 3",
            ),
            (
                manifest(b"{}", []),
                f"it is not a container image: its config, of the type '{OCI_CONFIG}', is missing "
                "the field `os`.",
            ),
            (manifest(b"[]", []), "it is not a JSON object"),
            (manifest(config(2), []), "its config has 2 layers, but its manifest has 0"),
        ],
    )
    def test_what_can_not_be_used(
        self, registry: RegistryServer, pulling: Pulling, content: bytes, reason: str
    ) -> None:
        for blob in (b"{}", b"[]", config(2)):
            registry.blob(blob)
        digest = registry.manifest(content)
        with pytest.raises(LadingError) as raised:
            pulling.image(digest)
        assert str(raised.value).startswith(f"{registry.name}@{digest} can't be used: ")
        assert reason in str(raised.value)

    @pytest.mark.parametrize("diff_id", ["sha512:" + "0" * 128, "sha256:", None])
    def test_diff_ids_that_are_none(
        self, registry: RegistryServer, pulling: Pulling, diff_id: Any
    ) -> None:
        content = config(rootfs={"diff_ids": [diff_id]})
        registry.blob(content)
        digest = registry.manifest(manifest(content, [b"x"]))
        with pytest.raises(
            LadingError, match="its config has the diff id .*, which is not a SHA-256"
        ):
            pulling.image(digest)

    def test_a_config_that_no_runtime_loads(
        self, registry: RegistryServer, pulling: Pulling
    ) -> None:
        content = config(config={"Labels": {"n": 5}})
        registry.blob(content)
        digest = registry.manifest(manifest(content, [b"x"]))
        with pytest.raises(LadingError) as raised:
            pulling.image(digest)
        assert str(raised.value) == (
            f"{registry.name}@{digest} can't be used: in its config, `config.Labels.n` is 5, but "
            "must be a string. Fix it where the image is built, or choose another one."
        )

    def test_indexes_without_end(self, registry: RegistryServer, pulling: Pulling) -> None:
        content = registry.image()
        for _ in range(4):
            content = index((content, None))
            registry.manifest(content)
        assert pulling.image(sha256(content)).platform == AMD64
        content = index((content, None))
        registry.manifest(content)
        with pytest.raises(LadingError, match="lie in each other more than 4 deep"):
            pulling.image(sha256(content))

    def test_candidates_without_end(self, registry: RegistryServer, pulling: Pulling) -> None:
        images = [registry.image([b"%d" % number], os="windows") for number in range(40)]
        digest = registry.manifest(index(*((image, None) for image in images)))
        with pytest.raises(LadingError, match="more than 16 manifests may be the one"):
            pulling.image(digest)
        assert len(registry.server.requests) < 40


class TestMirrors:
    @pytest.fixture
    def pulling(self, registry: RegistryServer, mirror: RegistryServer, tmp_path: Path) -> Pulling:
        return Pulling(registry, tmp_path, f"http://{mirror.host}")

    def test_what_a_mirror_has_the_registry_is_not_asked_for(
        self, registry: RegistryServer, mirror: RegistryServer, pulling: Pulling
    ) -> None:
        digest = mirror.blob(BODY)
        assert pulling.blob(digest) == BODY
        assert registry.server.requests == []

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(404),
            Reply(401),
            Reply(500),
            Reply(429, headers={"Retry-After": "1000"}),
            Reply(body=BODY[::-1]),
            Reply(body=b"short"),
            Reply(307, headers={"Location": "http://a.example/"}),
        ],
    )
    def test_a_failing_one_is_passed_over(
        self, registry: RegistryServer, mirror: RegistryServer, pulling: Pulling, reply: Reply
    ) -> None:
        mirror.blob(BODY, reply)
        digest = registry.blob(BODY)
        assert pulling.blob(digest) == BODY
        assert pulling.reports[-1].startswith(f"{mirror.host}: ")
        assert len(mirror.server.requests) <= 2

    def test_the_registry_goes_on_where_the_mirror_ended(
        self, registry: RegistryServer, mirror: RegistryServer, pulling: Pulling
    ) -> None:
        mirror.blob(BODY, Ranged(body=BODY, cut=9))
        digest = registry.blob(BODY)
        assert pulling.blob(digest) == BODY
        assert registry.server.ranges(registry.url("blobs", digest)) == ("bytes=18-",)

    def test_it_is_not_shown_the_credentials_of_the_registry(
        self, registry: RegistryServer, mirror: RegistryServer, pulling: Pulling
    ) -> None:
        pulling.knows(**{registry.host: {"username": "me", "password": "secret"}})
        mirror.blob(BODY, Guarded(challenge="Basic", authorization="x"))
        digest = registry.blob(BODY)
        assert pulling.blob(digest) == BODY
        assert [one.headers.get("Authorization") for one in mirror.server.requests] == [None]

    def test_every_place_is_told_when_all_fail(
        self, registry: RegistryServer, mirror: RegistryServer, pulling: Pulling
    ) -> None:
        mirror.blob(BODY, Reply(500))
        with pytest.raises(LadingError) as raised:
            pulling.blob(sha256(BODY))
        assert (
            f"could not be pulled. {mirror.host}: HTTP status 500 Internal Server Error (tried 2 "
            f"times); {registry.host}: HTTP status 404 Not Found. Check the name and the digest"
        ) in str(raised.value)
