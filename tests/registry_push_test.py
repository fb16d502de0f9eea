"""Pushing to a real docker-registry, with real credentials and over a bad network."""

import gzip
import io
import json
import random
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

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
    random_push_faults,
)
from interruptible import interruptible

from lading.fetch.partial_file import PartialFile
from lading.image.config.platform import Platform
from lading.image.reference import Repository
from lading.network.retries import Patience
from lading.registry.auth.credentials import CredentialSource
from lading.registry.pull.pull import Puller
from lading.registry.push.publish import Registries, publish
from lading.registry.push.publish_request import ImageToPublish
from lading.registry.push.publish_result import PublishedImage
from lading.registry.push.pushed_layers import PushedLayers
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.json_codec import to_json

METHODS = ("HEAD", "GET", "POST", "PATCH", "PUT")
QUICK = Patience(connect=2, read=5, tries=5, first_delay=0.001, longest_delay=0.01)
OCI = "application/vnd.oci.image"

#: Sizes of the layers that images share: one goes into one request, one in parts.
SHARED = (300_000, 1_000_000, 9_000_000)

#: Runs a module, and prints in the end what memory it had. What `wait4` reports is no less than
#: what the process that started it has.
MEASURED = """
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write(open("/proc/self/status").read()))
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@lru_cache(maxsize=None)
def layer(name: str, size: int) -> Tuple[bytes, str]:
    """The blob, and the digest of the tar in it."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = size
        content = random.Random(name).getrandbits(8 * size).to_bytes(size, "big")
        archive.addfile(member, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), 1, mtime=0), str(Sha256.of(tar.getvalue()))


class Images:
    """Images that share layers; each has one of its own too. Their files are in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.added: List[ImageToPublish] = []
        #: Bytes of each blob, and of all manifests.
        self.blobs: Dict[str, int] = {}
        self.manifests = 0
        self._tars: Dict[str, str] = {}

    def add(
        self, name: str, *repositories: str, tags: Sequence[str] = ("1.0",), own: str = ""
    ) -> Sha256:
        """One that goes to `repositories`; with another `own` it has another layer on top."""
        layers = [self._layer(f"shared {size}", size) for size in SHARED]
        layers.append(self._layer(f"own of {name}{own}", 5_000))
        diff_ids = [self._tars[layer["digest"]] for layer in layers]
        config: Dict[str, Any] = {
            "os": "linux",
            "architecture": "amd64",
            "config": {"Cmd": [name]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        }
        manifest: Dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self._blob(json.dumps(config).encode(), "config.v1+json"),
            "layers": layers,
        }
        content = json.dumps(manifest).encode()
        self.manifests += len(content)
        self.added.append(
            ImageToPublish(
                name,
                self._file(content),
                self._path(manifest["config"]),
                tuple(map(self._path, layers)),
                repositories,
                tuple(tags),
            )
        )
        return Sha256.of(content)

    def _layer(self, name: str, size: int) -> Mapping[str, Any]:
        content, diff_id = layer(name, size)
        blob = self._blob(content, "layer.v1.tar+gzip")
        self._tars[blob["digest"]] = diff_id
        return blob

    def _blob(self, content: bytes, kind: str) -> Dict[str, Any]:
        self._file(content)
        digest = str(Sha256.of(content))
        self.blobs[digest] = len(content)
        return {"mediaType": f"{OCI}.{kind}", "digest": digest, "size": len(content)}

    def _path(self, blob: Mapping[str, Any]) -> str:
        return str(self.directory / blob["digest"].partition(":")[2])

    def _file(self, content: bytes) -> str:
        path = self.directory / Sha256.of(content).hex
        if not path.exists():
            path.write_bytes(content)
        return str(path)


@pytest.fixture
def images(tmp_path: Path) -> Images:
    (tmp_path / "images").mkdir()
    return Images(tmp_path / "images")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Open to everybody, and empty."""
    require("docker-registry", ["docker-registry", "--version"])
    with docker_registry(tmp_path / "storage") as host:
        yield host


@pytest.fixture
def proxy(registry: str) -> FaultProxy:
    proxy = FaultProxy(registry, METHODS)
    proxy.path = "/"
    return proxy


class User:
    """Somebody with a docker config and a cache, who publishes an image at a time."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {"DOCKER_CONFIG": str(directory), "PATH": f"{directory}:/usr/bin:/bin"}

    def configure(self, **fields: Any) -> None:
        (self.directory / "config.json").write_text(json.dumps(fields))

    def publish(self, images: Images) -> List[PublishedImage]:
        registries = Registries(
            Machine({}),
            CredentialSource(self.environment),
            lambda line: None,
            QUICK,
            PushedLayers(str(self.directory / "cache")),
        )
        return [one for image in images.added for one in publish(image, registries).destinations]

    def published(self, images: Images) -> List[PublishedImage]:
        results = self.publish(images)
        assert [one.error for one in results] == [None] * len(results)
        return results


@pytest.fixture
def user(tmp_path: Path) -> User:
    (tmp_path / "user").mkdir()
    return User(tmp_path / "user")


def pulled(skopeo: ContainerEngine, name: str, directory: Path) -> Sha256:
    """The digest of an image that is whole: skopeo checks every blob."""
    skopeo(
        *("--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"),
        f"docker://{name}",
        f"dir:{directory}",
    )
    return Sha256.of((directory / "manifest.json").read_bytes())


def check(host: str, path: str, digest: Sha256) -> None:
    """That all of the image is there."""
    repository = Repository.parse(f"{host}/{path}")
    puller = Puller(repository, Machine({}), CredentialSource({}), patience=QUICK)
    image = puller.image(digest, Platform("linux", "amd64"))
    for layer in image.manifest.layers:
        puller.blob(layer.digest, layer.size, PartialFile(io.BytesIO()))


class TestTwentyImages:
    """That share their layers but for one each."""

    def sent(self, proxy: FaultProxy) -> int:
        return sum(one.size for one in proxy.passed)

    def add_all(self, images: Images, host: str, own: str = "") -> Dict[str, Sha256]:
        names = [f"app{number}" for number in range(20)]
        return {
            name: images.add(
                name, f"{host}/team/{name}", own=own if name == "app7" else "", tags=["1", "latest"]
            )
            for name in names
        }

    def test_first_unchanged_and_changed(
        self,
        proxy: FaultProxy,
        images: Images,
        user: User,
        skopeo: ContainerEngine,
        tmp_path: Path,
    ) -> None:
        with proxy.serving() as host:
            digests = self.add_all(images, host)
            results = user.published(images)
            # Every blob once, and each manifest by its digest and two tags.
            assert self.sent(proxy) == sum(images.blobs.values()) + 3 * images.manifests
            assert sum(one.requests for one in results) == len(proxy.passed)
            first = Counter(one.method for one in proxy.passed)
            self.tell("first", proxy)
            for name, digest in digests.items():
                assert pulled(skopeo, f"{host}/team/{name}:1", tmp_path / name) == digest
            assert first["PUT"] == 3 + 20 * 2 + 20 * 3

            proxy.passed.clear()
            user.published(images)
            assert [one.method for one in proxy.passed] == ["HEAD"] * 40
            self.tell("unchanged", proxy)

            changed = Images(images.directory)
            digests = self.add_all(changed, host, own=", changed")
            proxy.passed.clear()
            user.published(changed)
            new = changed.blobs.keys() - images.blobs.keys()
            assert len(new) == 2  # the layer and the config
            size = sum(changed.blobs[one] for one in new)
            assert self.sent(proxy) < size + 3 * 1500
            self.tell("one changed", proxy)
            name = f"{host}/team/app7:latest"
            assert pulled(skopeo, name, tmp_path / "changed") == digests["app7"]

    def tell(self, when: str, proxy: FaultProxy) -> None:
        counts = dict(Counter(one.method for one in proxy.passed))
        print(f"\n{when}: {self.sent(proxy)} bytes, {len(proxy.passed)} requests, {counts}")


class TestCredentials:
    @pytest.fixture
    def server(self, tmp_path: Path) -> TokenServer:
        (tmp_path / "token").mkdir()
        return TokenServer(tmp_path / "token")

    @pytest.fixture
    def private(self, tmp_path: Path, server: TokenServer) -> Iterator[str]:
        require("docker-registry", ["docker-registry", "--version"])
        with server.serving() as auth, docker_registry(tmp_path / "storage", auth) as host:
            yield host

    def test_basic(
        self, tmp_path: Path, images: Images, user: User, skopeo: ContainerEngine
    ) -> None:
        require("docker-registry", ["docker-registry", "--version"])
        with docker_registry(tmp_path / "storage", basic_auth(tmp_path)) as host:
            images.add("a", f"{host}/a")
            (refused,) = user.publish(images)
            assert refused.error is not None
            assert refused.error.startswith(f"{host}/a could not be pushed. {host}, for the blob ")
            assert refused.error.endswith(
                ": HTTP status 401 Unauthorized: UNAUTHORIZED, authentication required. Of "
                "credentials, there is no file with credentials. If the name is right, `docker "
                f"login {host}` with an account that may push to it."
            )
            user.configure(auths={host: {"username": USER, "password": PASSWORD}})
            user.published(images)
            (result,) = user.published(images)
            assert (result.requests, result.moved_tags) == (2, ())

    def test_a_token_is_for_the_target_and_its_sources(
        self, private: str, server: TokenServer, images: Images, user: User
    ) -> None:
        user.configure(auths={private: {"username": USER, "password": PASSWORD}})
        images.add("a", f"{private}/team/a")
        images.add("b", f"{private}/team/b")
        results = user.published(images)
        assert server.requests == [("GET", "password")] * 2
        assert sorted(server.scopes) == [
            ["repository:team/a:pull,push"],
            ["repository:team/b:pull,push", "repository:team/a:pull"],
        ]
        assert results[1].blobs == {"mounted": len(SHARED), "pushed": 2, "present": 0}
        server.requests.clear()
        again = user.published(images)
        assert [one.requests for one in again] == [2, 2]

    def test_an_identity_token(
        self, private: str, server: TokenServer, images: Images, user: User
    ) -> None:
        user.configure(auths={private: {"identitytoken": IDENTITY_TOKEN}})
        images.add("a", f"{private}/team/a")
        user.published(images)
        assert server.requests == [("POST", "identity token")]

    def test_one_that_expires_in_the_middle(
        self, private: str, server: TokenServer, images: Images, user: User
    ) -> None:
        user.configure(auths={private: {"username": USER, "password": PASSWORD}})
        proxy = FaultProxy(private, METHODS)
        proxy.delay = 0.02  # at least 3 s for the largest layer
        server.lifetime = 1.5
        with proxy.serving() as host:
            user.configure(auths={host: {"username": USER, "password": PASSWORD}})
            images.add("a", f"{host}/team/a")
            user.published(images)
        assert len(server.requests) > 1
        assert sum(one.size for one in proxy.passed) < sum(images.blobs.values()) * 1.1

    def test_nobody_may_push(self, private: str, images: Images, user: User) -> None:
        images.add("a", f"{private}/team/a")
        (result,) = user.publish(images)
        assert result.error is not None
        assert "401 Unauthorized: UNAUTHORIZED, authentication required" in result.error
        assert result.error.endswith(
            f"`docker login {private}` with an account that may push to it."
        )


class TestBadNetwork:
    @pytest.mark.parametrize(
        "fault",
        [
            Fault("cut", cut=5_000_000),
            Fault("cut at once", cut=0),
            Fault("lost answer", is_lost=True),
            Fault("429", status=429, headers={"Retry_After": "0"}),
            Fault("500", status=500),
        ],
        ids=lambda fault: fault.name,
    )
    @pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
    def test_is_recovered_from(
        self, registry: str, images: Images, user: User, fault: Fault, method: str
    ) -> None:
        proxy = FaultProxy(registry, (method,))
        proxy.path = "uploads"
        proxy.faults = [fault]
        with proxy.serving() as host:
            digest = images.add("a", f"{host}/a")
            user.published(images)
        assert proxy.faults == []
        check(registry, "a", digest)

    @pytest.mark.parametrize("status", [400, 401, 403])
    def test_ggcr_1404_ggcr_1609_containerd_14086_harbor_22078_mounts_are_refused(
        self, registry: str, images: Images, user: User, status: int
    ) -> None:
        proxy = FaultProxy(registry, ("POST",))
        proxy.path = "mount="
        proxy.faults = [Fault("", status=status)] * 20
        with proxy.serving() as host:
            images.add("a", f"{host}/a")
            digest = images.add("b", f"{host}/b")
            user.published(images)
        assert len(proxy.faults) < 20
        check(registry, "b", digest)

    def test_relative_locations(
        self, tmp_path: Path, images: Images, user: User, skopeo: ContainerEngine
    ) -> None:
        require("docker-registry", ["docker-registry", "--version"])
        with docker_registry(tmp_path / "storage", relativeurls=True) as host:
            digest = images.add("a", f"{host}/a")
            user.published(images)
            assert pulled(skopeo, f"{host}/a:1.0", tmp_path / "a") == digest

    def test_what_is_published_is_whole(
        self, proxy: FaultProxy, registry: str, images: Images, user: User
    ) -> None:
        """Any faults in any order: the image, or a sentence; in the end the image."""
        outcomes: "Counter[str]" = Counter()
        hit: "Counter[str]" = Counter()
        with proxy.serving() as host:
            for seed in range(30):
                images.added.clear()
                digest = images.add("a", f"{host}/app{seed}", own=str(seed))
                faults = random_push_faults(random.Random(seed), 5_000_000)
                proxy.faults = list(faults)
                (result,) = user.publish(images)
                hit.update(one.name for one in faults[: len(faults) - len(proxy.faults)])
                proxy.faults.clear()
                outcomes["refused" if result.error else "recovered"] += 1
                if result.error:
                    assert "could not be pushed" in result.error
                    user.published(images)
                check(registry, f"app{seed}", digest)
        print(f"\n{dict(outcomes)} of {sum(hit.values())} faults: {dict(hit)}")
        assert outcomes["recovered"] > 5


class TestProgram:
    """As Pants starts it."""

    def start(
        self, directory: Path, images: Images, how: Sequence[str] = ("-m",)
    ) -> "subprocess.Popen[str]":
        (image,) = images.added
        (directory / "request.json").write_text(to_json(image))
        return subprocess.Popen(
            [sys.executable, "-B", *how, "lading.registry.push.publish_main"]
            + ["request.json", "result.json"],
            cwd=directory,
            env={"PYTHONPATH": str(BUILD_ROOT / "src"), "HOME": str(directory), "PATH": "/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=interruptible,
        )

    @pytest.mark.parametrize(
        "size, how",
        [(100_000, signal.SIGKILL), (5_000_000, signal.SIGINT), (10_000_000, signal.SIGKILL)],
    )
    def test_killed_in_the_middle_it_is_whole_the_next_time(
        self,
        proxy: FaultProxy,
        registry: str,
        images: Images,
        tmp_path: Path,
        size: int,
        how: signal.Signals,
    ) -> None:
        proxy.delay = 0.002
        with proxy.serving() as host:
            digest = images.add("a", f"{host}/a")
            process = self.start(tmp_path, images)
            self.wait_for(proxy, size)
            process.send_signal(how)
            process.communicate(timeout=10)
            assert process.returncode != 0
            assert not (tmp_path / "storage/docker/registry/v2/repositories/a/_manifests").exists()
            proxy.delay = 0
            process = self.start(tmp_path, images)
            stdout, stderr = process.communicate()
            assert (stdout, process.returncode) == (f"{host}/a:1.0@{digest}\n", 0), stderr
        check(registry, "a", digest)

    def wait_for(self, proxy: FaultProxy, size: int) -> None:
        deadline = time.monotonic() + 60
        while proxy.came_through < size:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def test_its_memory_does_not_grow_with_the_layer(self, registry: str, tmp_path: Path) -> None:
        small = self._peak(registry, tmp_path, "small", 1 << 20)
        assert small < 80 << 20
        assert self._peak(registry, tmp_path, "big", 100 << 20) < small + (10 << 20)

    def _peak(self, registry: str, tmp_path: Path, name: str, size: int) -> int:
        """Bytes of memory for a layer of `size` bytes."""
        directory = tmp_path / name
        directory.mkdir()
        images = Images(directory)
        images.add(name, f"{registry}/{name}")
        layer = directory / "layer"
        layer.write_bytes(bytes(size))
        (image,) = images.added
        path = Path(image.manifest)
        manifest = json.loads(path.read_bytes())
        digest = str(Sha256.of(bytes(size)))
        manifest["layers"][-1].update(digest=digest, size=size)
        path.write_text(json.dumps(manifest))
        images.added = [replace(image, layers=(*image.layers[:-1], str(layer)))]
        process = self.start(directory, images, ["-c", MEASURED])
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
        (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", stderr)
        return int(peak) * 1024
