"""`./pants publish` to a real registry."""

import base64
import json
import os
import random
import re
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest
from conftest import ContainerEngine, require
from counting_proxy import CountingProxy
from docker_registry import PASSWORD, USER, TokenServer, basic_auth, docker_registry
from repository import Repository

SERVICES = [f"service-{number}" for number in range(20)]

#: Services that share all but a script, and images that can't be built.
BUILD = f"""
docker_image(
    name="common",
    contents=["//3rdparty/bash", "//3rdparty/redis"],
    cmd=["redis-server", "--version"],
    skip_push=True,
)

for name in {SERVICES}:
    store_script(
        name=f"start-{{name}}",
        interpreter="{{//3rdparty/bash}}/bin/bash",
        text=f'echo "{{name}}: $*"',
    )
    docker_image(
        name=name,
        base=":common",
        entrypoint=[f"{{{{:start-{{name}}}}}}"],
        repository=f"services/{{name}}",
        image_tags=["{{env:RELEASE}}", "{{version://3rdparty/redis}}-{{hash}}"],
        registries=["@here"],
    )

docker_image(name="broken", base=":common", run_as_root="echo no; exit 3", registries=["@here"])
docker_image(name="not-built", base=":common", run_as_root="exit 4", skip_push=True)
docker_image(name="nowhere", base=":common", run_as_root="exit 5")
"""

#: What manifest, config and the headers of all requests for an image may have. Each layer that is
#: asked for costs a header with the token.
DOCUMENTS = 80_000


@dataclass(frozen=True)
class Registry:
    """`host` is the address of a proxy before it that counts."""

    host: str
    proxy: CountingProxy
    log: Path
    storage: Path
    tokens: TokenServer

    def requests(self) -> List[str]:
        """Of its access log: `HEAD /v2/... 200`."""
        found = re.findall(r'"([A-Z]+ /v2/\S*) HTTP/1.1" (\d+)', self.log.read_text())
        return [" ".join(one) for one in found]


@dataclass(frozen=True)
class Published:
    """What a run reported, and what it cost."""

    status: int
    stdout: str
    stderr: str
    #: Of `--publish-output`, by target.
    output: Dict[str, Dict[str, Any]]
    #: Of dist/, by target, for those that were pushed.
    results: Dict[str, Dict[str, Any]]
    requests: List[str]
    sent: int

    def count(self, request: str) -> int:
        return sum(bool(re.match(request, one)) for one in self.requests)


class Publisher:
    """Somebody who may push to the registry."""

    def __init__(self, repository: Repository, registry: Registry, docker_config: Path) -> None:
        environ = {
            **repository.environ,
            "DOCKER_CONFIG": str(docker_config),
            "RELEASE": "v1",
        }
        self.repository = replace(repository, environ=environ)
        self.registry = registry

    def arguments(self, *targets: str) -> Sequence[str]:
        registries = json.dumps({"here": self.registry.host})
        return ("publish", f"--lading-registries={registries}", *targets)

    def __call__(self, *targets: str) -> Published:
        output_file = self.repository.root / "dist" / "output.json"
        output_file.parent.mkdir(exist_ok=True)
        proxy, before, sent = (
            self.registry.proxy,
            self.registry.requests(),
            self.registry.proxy.sent,
        )
        finished = self.repository.try_pants(
            f"--publish-output={output_file}", *self.arguments(*targets)
        )
        output = {entry["target"]: entry for entry in json.loads(output_file.read_text())}
        results = {
            target: json.loads((self.repository.root / entry["result"]).read_text())
            for target, entry in output.items()
            if "result" in entry
        }
        return Published(
            finished.returncode,
            finished.stdout,
            finished.stderr,
            output,
            results,
            self.registry.requests()[len(before) :],
            proxy.sent - sent,
        )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    require("docker-registry", ["docker-registry", "--version"])
    directory = tmp_path_factory.mktemp("publish")
    tokens = TokenServer(directory)
    with tokens.serving() as auth, docker_registry(directory / "storage", auth) as upstream:
        proxy = CountingProxy(upstream)
        log = directory / f"registry-{upstream.partition(':')[2]}.log"
        with proxy.serving() as host:
            yield Registry(host, proxy, log, directory / "storage", tokens)


@pytest.fixture(scope="module")
def docker_config(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("docker_config")
    password = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    (directory / "config.json").write_text(
        json.dumps({"auths": {registry.host: {"auth": password}}})
    )
    return directory


@pytest.fixture(scope="module")
def publish(repository: Repository, registry: Registry, docker_config: Path) -> Iterator[Publisher]:
    with repository.declared("published", BUILD):
        yield Publisher(repository, registry, docker_config)


@pytest.fixture(scope="module")
def packaged(publish: Publisher) -> Dict[str, Dict[str, Any]]:
    """Descriptions of the services in dist/, by name."""
    targets = [f"published:{name}" for name in SERVICES]
    registries = f"--lading-registries={json.dumps({'here': publish.registry.host})}"
    publish.repository.pants(registries, "--lading-archives=none", "package", *targets)
    directory = publish.repository.root / "dist" / "published"
    return {name: json.loads((directory / f"{name}.json").read_text()) for name in SERVICES}


@pytest.fixture(scope="module")
def first(publish: Publisher, packaged: Dict[str, Dict[str, Any]]) -> Published:
    """Everything is published, to an empty registry."""
    return publish("published:")


class TestFirstTime:
    def test_one_that_fails_does_not_hide_the_others(
        self, first: Published, packaged: Dict[str, Dict[str, Any]], registry: Registry
    ) -> None:
        assert first.status == 65
        assert "`docker_image` published:broken: `run_as_root` failed (status 3)" in first.stderr
        pushed = {f"published:{name}" for name in SERVICES}
        assert {name for name, one in first.output.items() if one["published"]} == pushed
        names = []
        for name in SERVICES:
            digest = packaged[name]["image"]["digest"]
            repository = f"{registry.host}/services/{name}"
            tags = ["v1", f"7.0.15-{digest[7:19]}"]
            expected = [f"{repository}:{tag}@{digest}" for tag in tags]
            entry = first.output[f"published:{name}"]
            assert (entry["names"], entry["digest"]) == (expected, digest)
            (result,) = first.results[f"published:{name}"]["destinations"]
            assert (result["names"], result["error"]) == (expected, None)
            assert first.results[f"published:{name}"]["tags"] == tags
            assert packaged[name]["tags"] == [f"services/{name}:{tag}" for tag in tags]
            names += expected
        assert sorted(first.stdout.split()) == sorted(names)

    def test_pants_19959_what_is_not_published_is_not_built(self, first: Published) -> None:
        for name, reason in [
            ("not-built", "(by `skip_push` on published:not-built)"),
            ("nowhere", "(no `registries` on published:nowhere)"),
        ]:
            entry = first.output[f"published:{name}"]
            assert (entry["status"], entry["published"]) == (f"skipped {reason}", False)

    def test_what_services_share_is_sent_once(
        self, first: Published, packaged: Dict[str, Dict[str, Any]], registry: Registry
    ) -> None:
        sizes = {
            layer["digest"]: layer["size"] for one in packaged.values() for layer in one["layers"]
        }
        (shared,) = {one["base_layers"] for one in packaged.values()}
        assert len(sizes) == shared + len(SERVICES)
        assert first.sent < sum(sizes.values()) + len(SERVICES) * DOCUMENTS
        sent = sum(
            result["requests"] for one in first.results.values() for result in one["destinations"]
        )
        assert sent == len(first.requests)
        assert first.count(r"POST \S+/uploads/\?mount=\S+ 201") == shared * (len(SERVICES) - 1)
        assert set(registry.tokens.requests) == {("GET", "password")}

    def test_pants_19341_no_archive_is_written(self, first: Published, publish: Publisher) -> None:
        assert not list((publish.repository.root / "dist/published").glob("*.tar"))

    def test_skopeo_and_docker_have_what_was_built(
        self,
        first: Published,
        packaged: Dict[str, Dict[str, Any]],
        registry: Registry,
        docker_config: Path,
        skopeo: ContainerEngine,
        docker: ContainerEngine,
        tmp_path: Path,
    ) -> None:
        login = f"--authfile={docker_config / 'config.json'}"
        for name, description in packaged.items():
            image = f"docker://{registry.host}/services/{name}"
            digest = description["image"]["digest"]
            inspect = ("inspect", login, "--tls-verify=false", "--format={{.Digest}}")
            assert skopeo(*inspect, f"{image}:v1").strip() == digest
            # Every blob, checked.
            copy = ("--insecure-policy", "copy", "--quiet", login, "--src-tls-verify=false")
            skopeo(*copy, f"{image}@{digest}", f"dir:{tmp_path / name}")
        client = ContainerEngine(("docker", f"--config={docker_config}"), docker.run_options)
        name = f"{registry.host}/services/{SERVICES[3]}:v1"
        client("pull", "--quiet", name)
        try:
            assert client.run("--rm", name, "a b") == f"{SERVICES[3]}: a b\n"
        finally:
            client("image", "rm", "--force", name)


def test_unchanged_images_are_two_requests_for_each_tag(
    first: Published, publish: Publisher
) -> None:
    again = publish(*(f"published:{name}" for name in SERVICES))
    assert again.status == 0, again.stderr
    assert sorted(again.stdout.split()) == sorted(first.stdout.split())
    # One is without a token, whose answer says how to get one.
    assert len(again.requests) <= 3 * len(SERVICES)
    assert again.count("HEAD") == len(again.requests)


def test_a_changed_line_costs_its_layer(
    first: Published, publish: Publisher, packaged: Dict[str, Dict[str, Any]]
) -> None:
    with publish.repository.edited("published/BUILD", "{name}: $*", "{name}, v2: $*"):
        changed = publish("published:service-7")
    assert changed.status == 0, changed.stderr
    image = changed.results["published:service-7"]
    (result,) = image["destinations"]
    *_, own = packaged["service-7"]["layers"]
    assert image["digest"] != packaged["service-7"]["image"]["digest"]
    assert result["moved_tags"] == image["tags"]
    assert changed.sent < own["size"] + DOCUMENTS
    assert result["bytes"]["pushed"] < own["size"] + 5_000


def test_killed_in_the_middle_it_is_whole_the_next_time(
    publish: Publisher, registry: Registry, skopeo: ContainerEngine, docker_config: Path
) -> None:
    # What does not compress, and in no cache is.
    content = random.Random(os.urandom(16)).getrandbits(8 * 8_000_000).to_bytes(8_000_000, "big")
    build_file = """
file(name="file", source="file")
docker_image(
    name="image", files={"/file": {"source": ":file"}}, repository="killed", registries=["@here"]
)
"""
    login = f"--authfile={docker_config / 'config.json'}"
    image = f"docker://{registry.host}/killed:latest"
    with publish.repository.declared("killed", build_file):
        (publish.repository.root / "killed/file").write_bytes(content)
        proxy = registry.proxy
        proxy.limit = proxy.sent + 3_000_000
        process = subprocess.Popen(
            [str(publish.repository.root / "pants"), *publish.arguments("killed:image")],
            cwd=publish.repository.root,
            env=publish.repository.environ,
            start_new_session=True,
        )
        assert proxy.is_stuck.wait(120)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        proxy.limit = None
        inspect = ("inspect", login, "--tls-verify=false", "--format={{.Digest}}", image)
        with pytest.raises(subprocess.CalledProcessError):
            skopeo(*inspect)
        again = publish("killed:image")
    assert again.status == 0, again.stderr
    assert skopeo(*inspect).strip() == again.output["killed:image"]["digest"]


def test_without_credentials_it_is_told_how_to_have_some(
    publish: Publisher, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("private")
    with docker_registry(directory / "storage", basic_auth(directory)) as host:
        stranger = Publisher(
            publish.repository, replace(publish.registry, host=host), directory / "none"
        )
        refused = stranger("published:service-0")
    assert refused.status == 65
    assert f"{host}/services/service-0 could not be pushed" in refused.stderr
    assert f"docker login {host}" in refused.stderr
    assert refused.output["published:service-0"]["status"] == "failed"
