"""Pulling from a real docker-registry, with real credentials and over a bad network."""

import base64
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping

import pytest
from conftest import BUILD_ROOT, ContainerEngine, require
from docker_registry import (
    IDENTITY_TOKEN,
    PASSWORD,
    USER,
    Fault,
    FaultProxy,
    TokenServer,
    basic_auth,
    docker_registry,
    random_faults,
)

from lading.fetch.partial_file import PartialFile
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.retries import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.pull.pull import Puller
from lading.registry.pull.remote_image import RemoteImage
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json

PATH = "team/app"
TAG = "1.0"
AMD64 = Platform("linux", "amd64")
QUICK = Patience(
    connect=2, read=1, tries=8, first_delay=0.001, longest_delay=0.01, slowest=1000, window=0.3
)


class Layout:
    """An OCI layout of one index: an image for amd64 and one for arm64, each with attestations.

    `layers` are the layers of both.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "blobs/sha256").mkdir(parents=True)
        (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.layers = [self._layer(number, size) for number, size in enumerate((1000, 3_000_000))]
        entries: List[Dict[str, Any]] = []
        for architecture in ("arm64", "amd64"):
            image = self._image({"os": "linux", "architecture": architecture}, self.layers)
            attestation = self._image({"os": "unknown", "architecture": "unknown"}, [])
            attestation["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
            entries += [image, attestation]
        self.manifests = {one["platform"]["architecture"]: one["digest"] for one in entries}
        index = self._index(entries)
        self.index = self._blob(index, "application/vnd.oci.image.index.v1+json")
        (directory / "index.json").write_bytes(self._index([self.index]))

    def _index(self, entries: List[Dict[str, Any]]) -> bytes:
        return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()

    def _layer(self, number: int, size: int) -> bytes:
        content = random.Random(number).getrandbits(8 * size).to_bytes(size, "big")
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            member = tarfile.TarInfo(f"file{number}")
            member.size = size
            archive.addfile(member, io.BytesIO(content))
        return gzip.compress(tar.getvalue(), mtime=0)

    def _image(self, platform: Mapping[str, str], layers: List[bytes]) -> Dict[str, Any]:
        diff_ids = [f"sha256:{hashlib.sha256(gzip.decompress(one)).hexdigest()}" for one in layers]
        config = {**platform, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        kind = "application/vnd.oci.image"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": self._blob(json.dumps(config).encode(), f"{kind}.config.v1+json"),
            "layers": [self._blob(one, f"{kind}.layer.v1.tar+gzip") for one in layers],
        }
        entry = self._blob(json.dumps(manifest).encode(), f"{kind}.manifest.v1+json")
        return {**entry, "platform": dict(platform)}

    def _blob(self, content: bytes, media_type: str) -> Dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (self.directory / "blobs/sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


@dataclass(frozen=True)
class Storage:
    """What several registries have in common: `layout`, pushed by skopeo."""

    directory: Path
    layout: Layout

    @property
    def layer(self) -> bytes:
        """The big one."""
        return self.layout.layers[1]

    @property
    def digest(self) -> Sha256:
        return Sha256(hashlib.sha256(self.layer).hexdigest())


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory, skopeo: ContainerEngine) -> Storage:
    require("docker-registry", ["docker-registry", "--version"])
    directory = tmp_path_factory.mktemp("registry")
    layout = Layout(directory / "layout")
    with docker_registry(directory / "storage") as host:
        target = f"docker://{host}/{PATH}:{TAG}"
        options = ("--all", "--dest-tls-verify=false")
        skopeo("--insecure-policy", "copy", *options, f"oci:{layout.directory}", target)
    return Storage(directory / "storage", layout)


@pytest.fixture(scope="module")
def registry(storage: Storage) -> Iterator[str]:
    """Open to everybody."""
    with docker_registry(storage.directory) as host:
        yield host


class User:
    """Somebody with a docker config."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {"DOCKER_CONFIG": str(directory), "PATH": f"{directory}:/usr/bin:/bin"}

    def configure(self, **fields: Any) -> None:
        (self.directory / "config.json").write_text(json.dumps(fields))

    def helper(self, name: str, username: str, secret: str) -> None:
        answer = json.dumps({"ServerURL": "", "Username": username, "Secret": secret})
        path = self.directory / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{answer}'\n")
        path.chmod(0o755)

    def puller(self, host: str, patience: Patience = QUICK, **machine: Any) -> Puller:
        credentials = CredentialSource(self.environment)
        repository = Repository.parse(f"{host}/{PATH}")
        return Puller(repository, Machine({}, **machine), credentials, patience=patience)

    def image(self, host: str, storage: Storage) -> RemoteImage:
        return self.puller(host).image(Sha256.parse(storage.layout.index["digest"]), AMD64)

    def blob(self, host: str, storage: Storage, **machine: Any) -> bytes:
        handle = io.BytesIO()
        puller = self.puller(host, **machine)
        puller.blob(storage.digest, len(storage.layer), PartialFile(handle))
        return handle.getvalue()


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


def test_a_tag_an_index_and_its_image(registry: str, storage: Storage, user: User) -> None:
    layout = storage.layout
    digest = user.puller(registry).resolve(TAG)
    assert str(digest) == layout.index["digest"]
    image = user.puller(registry).image(digest, AMD64)
    assert str(image.digest) == layout.manifests["amd64"]
    assert [layer.size for layer in image.manifest.layers] == [len(one) for one in layout.layers]
    arm = user.puller(registry).image(digest, Platform("linux", "arm64"))
    assert str(arm.digest) == layout.manifests["arm64"]
    with pytest.raises(LadingError, match="only for linux/arm64, linux/amd64"):
        user.puller(registry).image(digest, Platform("linux", "s390x"))
    assert user.blob(registry, storage) == storage.layer


def test_what_the_registry_has_not(registry: str, user: User) -> None:
    with pytest.raises(LadingError) as raised:
        user.puller(registry).resolve("2.0")
    assert str(raised.value) == (
        f"{registry}/{PATH}:2.0 could not be pulled. {registry}: HTTP status 404 Not Found: "
        "MANIFEST_UNKNOWN, manifest unknown. Check the name and the tag: the registry has no "
        "such image."
    )


class TestBasic:
    @pytest.fixture(scope="class")
    def private(self, storage: Storage) -> Iterator[str]:
        with docker_registry(storage.directory, basic_auth(storage.directory.parent)) as host:
            yield host

    def test_through_auths(self, private: str, storage: Storage, user: User) -> None:
        """rules_oci#314: a password with colons"""
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        user.configure(auths={private: {"auth": auth}})
        assert user.image(private, storage).platform == AMD64
        assert user.blob(private, storage) == storage.layer

    def test_through_a_helper(self, private: str, storage: Storage, user: User) -> None:
        user.helper("tests", USER, PASSWORD)
        user.configure(credHelpers={private: "tests"}, credsStore="none")
        assert user.blob(private, storage) == storage.layer

    def test_through_a_store(self, private: str, storage: Storage, user: User) -> None:
        user.helper("tests", USER, PASSWORD)
        user.configure(credsStore="tests", auths={private: {}})
        assert user.blob(private, storage) == storage.layer

    def test_without_and_with_wrong_ones(self, private: str, storage: Storage, user: User) -> None:
        with pytest.raises(LadingError) as nobody:
            user.blob(private, storage)
        assert str(nobody.value) == (
            f"{private}/{PATH}@{storage.digest} could not be pulled. {private}: HTTP status 401 "
            "Unauthorized: UNAUTHORIZED, authentication required. Of credentials, there is no "
            "file with credentials. If the name is right and the image private, `docker login "
            f"{private}` with an account that may pull it."
        )
        user.configure(auths={private: {"username": USER, "password": "an unlikely word"}})
        with pytest.raises(LadingError, match=f"those for {private} in .* were used") as wrong:
            user.blob(private, storage)
        assert "an unlikely word" not in str(wrong.value)


class TestToken:
    @pytest.fixture(scope="class")
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> TokenServer:
        return TokenServer(tmp_path_factory.mktemp("token"))

    @pytest.fixture(scope="class")
    def private_host(self, storage: Storage, server: TokenServer) -> Iterator[str]:
        with server.serving() as auth, docker_registry(storage.directory, auth) as host:
            yield host

    @pytest.fixture
    def private(self, private_host: str, server: TokenServer) -> str:
        server.requests.clear()
        server.lifetime = 300
        return private_host

    def test_through_auths(
        self, private: str, server: TokenServer, storage: Storage, user: User
    ) -> None:
        user.configure(auths={private: {"username": USER, "password": PASSWORD}})
        assert user.image(private, storage).platform == AMD64
        assert server.requests == [("GET", "password")]

    def test_through_a_helper_with_an_identity_token(
        self, private: str, server: TokenServer, storage: Storage, user: User
    ) -> None:
        user.helper("tests", "<token>", IDENTITY_TOKEN)
        user.configure(credHelpers={private: "tests"})
        assert user.blob(private, storage) == storage.layer
        assert server.requests == [("POST", "identity token")]

    def test_a_missing_helper_makes_an_anonymous_user(
        self, private: str, server: TokenServer, storage: Storage, user: User
    ) -> None:
        """rules_oci#731, #750, #816; here nobody may pull anonymously."""
        user.configure(credsStore="none")
        with pytest.raises(LadingError, match="`docker-credential-none` of .* is not on the PATH"):
            user.blob(private, storage)
        assert server.requests == [("GET", "nobody")]

    def test_one_that_has_expired_is_renewed(
        self, private: str, server: TokenServer, storage: Storage, user: User
    ) -> None:
        user.configure(auths={private: {"username": USER, "password": PASSWORD}})
        server.lifetime = 2
        puller = user.puller(private)
        digest = puller.resolve(TAG)
        server.lifetime = 300
        time.sleep(3)
        assert puller.image(digest, AMD64).platform == AMD64
        assert server.requests == [("GET", "password")] * 2

    def test_a_wrong_password(self, private: str, storage: Storage, user: User) -> None:
        user.configure(auths={private: {"username": USER, "password": "wrong"}})
        with pytest.raises(LadingError, match="its token server .* answers HTTP status 401"):
            user.blob(private, storage)


class TestBadNetwork:
    @pytest.fixture
    def proxy(self, registry: str) -> FaultProxy:
        return FaultProxy(registry)

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("cut in the middle", cut=1_000_000),
            Fault("reset in the middle", cut=1_000_000, reset=True),
            Fault("429", status=429, headers={"Retry_After": "0"}),
            Fault("408", status=408),
            Fault("500", status=500),
            Fault("503", status=503),
            Fault("slow drip", drip_seconds=0.2),
            Fault("wrong byte before a cut", flip=0, cut=1_000_000),
        ],
        ids=lambda fault: fault.name,
    )
    def test_is_recovered_from(
        self, proxy: FaultProxy, storage: Storage, user: User, fault: Fault
    ) -> None:
        proxy.faults = [fault]
        with proxy.serving() as host:
            assert user.blob(host, storage) == storage.layer
        assert len(proxy.requests) == (3 if fault.flip == 0 else 2)
        if fault.cut and fault.flip is None:
            assert proxy.requests[1][1] is not None

    @pytest.mark.parametrize(
        "fault, reason",
        [
            (Fault("wrong byte", flip=5), "its 3001116 bytes have the SHA-256 "),
            (Fault("truncated", truncate=1000), "it has 1000 bytes instead of the pinned "),
            (Fault("gone", status=404), "HTTP status 404"),
        ],
        ids=lambda value: value.name if isinstance(value, Fault) else "",
    )
    def test_is_refused(
        self, proxy: FaultProxy, storage: Storage, user: User, fault: Fault, reason: str
    ) -> None:
        proxy.faults = [fault]
        with proxy.serving() as host, pytest.raises(LadingError) as raised:
            user.blob(host, storage)
        assert f"{storage.digest} could not be pulled. {host}: {reason}" in str(raised.value)

    def test_a_redirect_to_another_host_takes_no_credentials_along(
        self, storage: Storage, user: User
    ) -> None:
        """rules_img#612; opa#6580; renovate#3877"""
        auth = basic_auth(storage.directory.parent)
        with docker_registry(storage.directory, auth) as private:
            proxy, other = FaultProxy(private), FaultProxy(private)
            with proxy.serving() as host, other.serving("127.0.0.2") as elsewhere:
                location = f"http://{elsewhere}/v2/{PATH}/blobs/{storage.digest}"
                user.configure(auths={host: {"username": USER, "password": PASSWORD}})
                asked = Fault("asked", status=401, headers={"WWW_Authenticate": "Basic"})
                proxy.faults = [asked, Fault("", status=307, headers={"Location": location})]
                # That host wants credentials of its own, which nobody has.
                with pytest.raises(LadingError, match=f"{elsewhere}, where it leads to, answers"):
                    user.blob(host, storage)
        assert proxy.shown[-1] is not None
        assert other.shown == [None]

    def test_a_relative_location_is_followed(
        self, proxy: FaultProxy, storage: Storage, user: User
    ) -> None:
        location = f"../../../{PATH}/blobs/{storage.digest}"
        proxy.faults = [Fault("", status=307, headers={"Location": location})]
        with proxy.serving() as host:
            assert user.blob(host, storage) == storage.layer

    def test_a_broken_mirror_is_passed_over(
        self, proxy: FaultProxy, registry: str, storage: Storage, user: User
    ) -> None:
        proxy.faults = [Fault("wrong byte", flip=5)]
        with proxy.serving("127.0.0.2") as mirror:
            assert user.blob(registry, storage, registry_mirrors={registry: (mirror,)}) == (
                storage.layer
            )
        assert proxy.faults == []

    def test_no_bad_byte_is_ever_accepted(
        self, proxy: FaultProxy, storage: Storage, user: User
    ) -> None:
        """Any faults in any order: the layer, or a sentence and no byte."""
        outcomes: "Counter[str]" = Counter()
        hit: "Counter[str]" = Counter()
        with proxy.serving() as host:
            for seed in range(100):
                faults = random_faults(random.Random(seed), len(storage.layer))
                proxy.faults = list(faults)
                part = PartialFile(io.BytesIO())
                try:
                    user.puller(host).blob(storage.digest, len(storage.layer), part)
                except LadingError as error:
                    assert "could not be pulled" in str(error)
                    assert not (part.size == len(storage.layer) and part.sha256() == storage.digest)
                    outcomes["refused"] += 1
                else:
                    assert part.sha256() == storage.digest
                    outcomes["recovered"] += 1
                hit.update(one.name for one in faults[: len(faults) - len(proxy.faults)])
        print(f"\n{dict(outcomes)} of {sum(hit.values())} faults: {dict(hit)}")
        assert outcomes["recovered"] > 30 and outcomes["refused"] > 5


class TestProgram:
    """`pull_main` as it runs in a sandbox of Pants: in an empty environment."""

    @pytest.fixture
    def sandbox(self, tmp_path: Path) -> Path:
        sandbox = tmp_path / "sandbox"
        (sandbox / ".lading/machine").mkdir(parents=True)
        (sandbox / ".lading/origin").mkdir()
        return sandbox

    def pull(self, sandbox: Path, request: Mapping[str, Any]) -> "subprocess.Popen[str]":
        (sandbox / "request.json").write_text(json.dumps(request))
        return subprocess.Popen(
            [sys.executable, "-B", "-m", "lading.registry.pull.pull_main", "request.json", "out"],
            cwd=sandbox,
            env={"PYTHONPATH": str(BUILD_ROOT / "src")},
            stderr=subprocess.PIPE,
            text=True,
        )

    def test_from_a_private_registry_through_a_helper(
        self, storage: Storage, user: User, sandbox: Path
    ) -> None:
        user.helper("tests", USER, PASSWORD)
        user.configure(credsStore="tests")
        machine = Machine(user.environment, build_root=str(sandbox))
        (sandbox / ".lading/machine/machine.json").write_text(to_json(machine))
        auth = basic_auth(storage.directory.parent)
        with docker_registry(storage.directory, auth) as private:
            origin = {"repository": f"{private}/{PATH}"}
            (sandbox / ".lading/origin/origin.json").write_text(json.dumps(origin))
            index = storage.layout.index["digest"]
            pulled = self.pull(sandbox, {"digest": index, "platform": "linux/amd64"})
            assert (pulled.communicate()[1], pulled.returncode) == ("", 0)
            names = ["config.json", "manifest.json", "platform.json"]
            assert sorted(os.listdir(sandbox / "out")) == names
            (sandbox / "out").rename(sandbox / "image")
            blob = {"digest": str(storage.digest), "size": len(storage.layer)}
            pulled = self.pull(sandbox, blob)
            assert (pulled.communicate()[1], pulled.returncode) == ("", 0)
        assert (sandbox / "out/blob").read_bytes() == storage.layer

    def test_its_memory_does_not_grow_with_the_blob(self, tmp_path: Path, sandbox: Path) -> None:
        require("docker-registry", ["docker-registry", "--version"])
        small = self._peak(tmp_path, sandbox, "small", 1 << 20)
        assert self._peak(tmp_path, sandbox, "big", 200 << 20) < small + (10 << 20)

    def _peak(self, tmp_path: Path, sandbox: Path, name: str, size: int) -> int:
        """Bytes of memory for a blob of `size` bytes."""
        digest = hashlib.sha256(bytes(size)).hexdigest()
        storage = tmp_path / name / "docker/registry/v2"
        data = storage / f"blobs/sha256/{digest[:2]}/{digest}/data"
        link = storage / f"repositories/{PATH}/_layers/sha256/{digest}/link"
        for path in (data, link):
            path.parent.mkdir(parents=True)
        data.write_bytes(bytes(size))
        link.write_text(f"sha256:{digest}")
        with docker_registry(tmp_path / name) as host:
            origin = {"repository": f"{host}/{PATH}"}
            (sandbox / ".lading/origin/origin.json").write_text(json.dumps(origin))
            process = self.pull(sandbox, {"digest": f"sha256:{digest}", "size": size})
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            assert process.stderr is not None
            assert status == 0, process.stderr.read()
            process.stderr.close()
        assert (sandbox / "out/blob").stat().st_size == size
        (sandbox / "out").rename(sandbox / name)
        return usage.ru_maxrss * 1024
