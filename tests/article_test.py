"""docs/coming-from-nix.md: its snippets are a BUILD file, whose images are built and run."""

import io
import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterator, List, Set

import pytest
from base_image_registry import BaseImages
from conftest import BUILD_ROOT, ContainerEngine
from image_archive import Entry, layers, root_file_system
from redis_container import RedisCli, load
from repository import Repository

#: The page has the one with an entrypoint in both ways, this is the minimal one by commands.
MINIMAL_BY_COMMANDS = """
docker_image(
    name="redis-minimal-by-commands",
    run_as_root="mkdir /data; chown redis:redis /data",
    run_as_root_tools=["//3rdparty/bash", "//3rdparty/coreutils"],
    users={"redis": {"uid": 999, "home": "/data"}},
    cmd=["{//3rdparty/gosu}/bin/gosu", "redis", "{//3rdparty/redis}/bin/redis-server"],
    exposed_ports=["6379/tcp"],
    working_dir="/data",
    volumes=["/data"],
)
"""

#: The version of redis in each image.
VERSIONS = {
    "redis": "7.0.15",
    "redis-by-commands": "7.0.15",
    "redis-minimal": "7.0.15",
    "redis-minimal-by-commands": "7.0.15",
    "redis-7.0-image": "7.0.15",
    "redis-2.8-image": "2.8.17",
    "redis-with-certificates": "7.0.15",
    "redis-2.8-on-redis": "2.8.17",
    "redis-on-debian": "7.0.15",
}

_SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_DIGEST = re.compile(r"(?<=digest=\")sha256:[0-9a-f]{64}")


@pytest.fixture(scope="module")
def article(repository: Repository, base_images: BaseImages, debian: str) -> Iterator[Path]:
    """The directory in dist/ with all that the page declares; Docker Hub's Debian is ours."""
    page = (BUILD_ROOT / "docs/coming-from-nix.md").read_text()
    snippets, count = _DIGEST.subn(debian, "\n".join(_SNIPPET.findall(page)))
    assert count == 1
    mirrors = f'--lading-registry-mirrors={{"docker.io": ["{base_images.host}"]}}'
    with repository.declared("article", snippets + MINIMAL_BY_COMMANDS) as directory:
        repository.pants(mirrors, "package", "article::")
        yield directory


@pytest.mark.parametrize("name", VERSIONS)
def test_it_runs(name: str, article: Path, docker: ContainerEngine, redis_cli: RedisCli) -> None:
    with load(docker, redis_cli, article / f"{name}.tar").serving() as container:
        assert container.info("server")["redis_version"] == VERSIONS[name]
        assert set(container.ids("Uid")) == set(container.ids("Gid")) == {999}
        assert container("save") == "OK"
        assert container.terminate() == 0, container.logs()


@pytest.mark.parametrize("name", ["redis", "redis-minimal"])
def test_data_and_commands_give_the_same_root_file_system(name: str, article: Path) -> None:
    by_data = _without_times(root_file_system(article / f"{name}.tar"))
    by_commands = _without_times(root_file_system(article / f"{name}-by-commands.tar"))
    assert by_commands == by_data
    assert by_data["data"].owner == (999, 999)


def test_tools_of_commands_stay_out(article: Path) -> None:
    minimal = {"glibc-2.36", "gosu-1.14", "redis-7.0.15"}
    assert _packages(article / "redis-minimal-by-commands.tar") == minimal
    # Its entrypoint refers to bash and coreutils, and nothing to shadow.
    packages = _packages(article / "redis-by-commands.tar")
    assert {"bash", "coreutils"} <= {package.rpartition("-")[0] for package in packages}
    assert not any(package.startswith("shadow") for package in packages)


@pytest.mark.parametrize("name", ["redis-with-certificates", "redis-2.8-on-redis"])
def test_the_base_s_layers_are_kept_and_its_packages_not_shipped_again(
    name: str, article: Path
) -> None:
    base = layers(article / "redis.tar")
    derived = layers(article / f"{name}.tar")
    assert derived[: len(base)] == base
    files = root_file_system(article / "redis.tar")
    added = {path for layer in derived[len(base) :] for path in _store_files(layer)}
    assert added and not added & set(files)


def _without_times(root: Dict[str, Entry]) -> Dict[str, Entry]:
    """Files that are data are dated by their content, and not those that commands write."""
    return {path: replace(entry, mtime=0) for path, entry in root.items()}


def _packages(archive: Path) -> Set[str]:
    """Names and versions, by their directories in the store."""
    store = [path for path in root_file_system(archive) if path.startswith("store/")]
    return {path.split("/")[1].partition("-")[2] for path in store}


def _store_files(layer: bytes) -> List[str]:
    with tarfile.open(fileobj=io.BytesIO(layer), mode="r:gz") as archive:
        return [name for name in archive.getnames() if name.startswith("store/")]
