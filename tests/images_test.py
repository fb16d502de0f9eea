"""The images of images/: each does all that redis does, and is small."""

import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Iterator, Tuple

import image_archive
import pytest
from conftest import BUILD_ROOT, ContainerEngine, unavailable
from dns_server import dns_server
from redis_container import RedisCli, RedisContainer, RedisImage, load
from repository import Repository

NAMES = (
    *("redis", "redis-minimal", "redis-3.0", "redis-2.8", "redis-musl", "redis-with-certificates"),
)

CASES = [
    *(("docker", name) for name in NAMES),
    *(("podman", name) for name in ("redis", "redis-musl")),
]

#: redis-musl has no user of its own.
OPTIONS = {"redis-musl": ("--user=1234:1234",)}

#: Compressed bytes of layers; for redis from Nix the article has 25 MB without an entrypoint and
#: 42 MB with one, unpacked.
LIMITS = {"redis": 7_000_000, "redis-minimal": 4_000_000, "redis-musl": 1_000_000}

#: Not where the machine's own resolver may listen.
NAME_SERVER = "127.0.0.153"

PRIMARY = "primary.lading.test"

_SIZE = re.compile(r"\d+\.\d+(?= MB)")


@pytest.fixture(scope="module")
def sizes_page(repository: Repository) -> Iterator[str]:
    """What the command that writes docs/sizes.md writes; it builds all images."""
    page = repository.root / "docs/sizes.md"
    before = page.read_text()
    command = [sys.executable, "benchmarks/sizes.py"]
    try:
        subprocess.run(command, cwd=repository.root, env=repository.environ, check=True)
        yield page.read_text()
    finally:
        page.write_text(before)


@pytest.fixture(scope="module")
def all_images(
    repository: Repository, sizes_page: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A directory with all archives and descriptions."""
    directory = tmp_path_factory.mktemp("all_images") / "images"
    shutil.copytree(repository.root / "dist/images", directory)
    return directory


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request: Any) -> Tuple[ContainerEngine, str]:
    engine, name = request.param
    return request.getfixturevalue(engine), name


@pytest.fixture(scope="module")
def image(case: Tuple[ContainerEngine, str], redis_cli: RedisCli, all_images: Path) -> RedisImage:
    engine, name = case
    image = load(engine, redis_cli, all_images / f"{name}.tar")
    return replace(image, options=OPTIONS.get(name, ()))


@pytest.fixture(scope="module")
def user_id(case: Tuple[ContainerEngine, str]) -> int:
    return 1234 if case[1] in OPTIONS else 999


@pytest.fixture(scope="module")
def primary(image: RedisImage) -> Iterator[RedisContainer]:
    """A redis that keeps a log of what is written."""
    with image.serving("--appendonly", "yes") as container:
        yield container


@pytest.fixture(scope="module")
def name_server() -> Iterator[None]:
    """Knows `PRIMARY`."""
    try:
        with dns_server(NAME_SERVER, PRIMARY, IPv4Address("127.0.0.1")):
            yield
    except PermissionError:
        unavailable("Ordinary users can't listen on port 53.")


@pytest.fixture(scope="module")
def replica(image: RedisImage, name_server: None) -> Iterator[RedisContainer]:
    """A redis that copies nobody yet."""
    with image.serving(options=[f"--dns={NAME_SERVER}"]) as container:
        yield container


@pytest.fixture
def volume(image: RedisImage) -> Iterator[str]:
    name = f"lading-test-{uuid.uuid4()}"
    yield name
    image.engine("volume", "rm", name)


class TestRedis:
    def test_runs_as_its_user_and_never_as_root(
        self, primary: RedisContainer, user_id: int
    ) -> None:
        assert set(primary.ids("Uid")) == set(primary.ids("Gid")) == {user_id}
        assert set(primary.ids("Groups")) <= {user_id}

    def test_set_and_get(self, primary: RedisContainer) -> None:
        assert primary("set", "cargo", "tea") == "OK"
        assert primary("get", "cargo") == "tea"

    def test_scripts_and_their_libraries(self, primary: RedisContainer) -> None:
        script = """
            redis.call('set', KEYS[1], ARGV[1])
            local packed = cmsgpack.pack(cjson.decode('[1, {"a": "b"}]'))
            return cjson.encode(cmsgpack.unpack(packed)) .. struct.pack('>I2', 0x4142)
                .. redis.call('get', KEYS[1]) .. redis.sha1hex('')
        """
        expected = '[1,{"a":"b"}]ABtea' + "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        assert primary("eval", script, "1", "lua", "tea") == expected

    def test_saves_in_the_background(self, primary: RedisContainer) -> None:
        assert primary("set", "saved", "1") == "OK"
        assert primary("bgsave") == "Background saving started"

        def is_saved() -> bool:
            info = primary.info("persistence")
            assert info["rdb_last_bgsave_status"] == "ok", primary.logs()
            return info["rdb_changes_since_last_save"] == "0"

        primary.wait_for(is_saved)

    def test_rewrites_its_log_in_the_background(self, primary: RedisContainer) -> None:
        assert primary("bgrewriteaof").startswith("Background append only file rewriting")

        def is_rewritten() -> bool:
            info = primary.info("persistence")
            assert info["aof_last_bgrewrite_status"] == "ok", primary.logs()
            return int(info["aof_last_rewrite_time_sec"]) >= 0  # -1 before the first one

        primary.wait_for(is_rewritten)

    @pytest.mark.parametrize("name", ["localhost", PRIMARY], ids=["hosts", "dns"])
    def test_a_replica_looks_the_primary_up_and_copies_it(
        self, name: str, primary: RedisContainer, replica: RedisContainer
    ) -> None:
        # 7.0 would wait for more replicas, 2.8 does not know it.
        primary("config", "set", "repl-diskless-sync-delay", "0")
        assert primary("set", "copied", name) == "OK"
        assert replica("slaveof", name, primary.port) == "OK"
        replica.wait_for(lambda: replica("get", "copied") == name)
        replica.wait_for(lambda: replica.info("replication")["master_link_status"] == "up")
        assert replica("slaveof", "no", "one") == "OK"


def test_data_outlives_the_container(image: RedisImage, volume: str) -> None:
    options = [f"--volume={volume}:/data"]
    with image.serving("--appendonly", "yes", options=options) as first:
        assert first("set", "cargo", "tea") == "OK"
        assert first("save") == "OK"
        assert first.terminate() == 0, first.logs()
    for log in ("yes", "no"):  # without the log redis reads what it saved
        with image.serving("--appendonly", log, options=options) as second:
            assert second("get", "cargo") == "tea"


@pytest.mark.parametrize("name", ["redis", "redis-with-certificates"])
class TestEntrypoint:
    @pytest.fixture
    def image(
        self, name: str, docker: ContainerEngine, redis_cli: RedisCli, all_images: Path
    ) -> RedisImage:
        return load(docker, redis_cli, all_images / f"{name}.tar")

    def test_any_user_may_be_chosen(self, image: RedisImage) -> None:
        with image.serving(options=["--user=1234"]) as container:
            assert set(container.ids("Uid")) == {1234}

    def test_data_of_root_s_becomes_that_of_redis(self, image: RedisImage) -> None:
        with image.serving(options=["--tmpfs=/data:mode=700,uid=0"]) as container:
            assert set(container.ids("Uid")) == {999}
            assert container("save") == "OK"


@pytest.mark.parametrize("name", LIMITS)
def test_compressed_bytes(name: str, all_images: Path) -> None:
    layers = image_archive.layers(all_images / f"{name}.tar")
    assert sum(map(len, layers)) <= LIMITS[name]


def test_the_base_s_layers_are_kept(all_images: Path) -> None:
    base = image_archive.layers(all_images / "redis.tar")
    derived = image_archive.layers(all_images / "redis-with-certificates.tar")
    assert derived[: len(base)] == base


def test_the_page_of_sizes_is_up_to_date(sizes_page: str) -> None:
    """Any change of a program of ours gives packages other hashes, and those take a few bytes more
    or less when compressed."""
    page = (BUILD_ROOT / "docs/sizes.md").read_text()
    assert _SIZE.sub("", sizes_page) == _SIZE.sub("", page)
    written, measured = (list(map(float, _SIZE.findall(text))) for text in (page, sizes_page))
    assert measured == pytest.approx(written, rel=0.005, abs=0.011)
