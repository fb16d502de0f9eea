"""The images of Debian packages and of services: each does its real job, without root and with a
root file system that can't be written to."""

import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

import image_archive
import pytest
from conftest import ContainerEngine
from loaded_image import LoadedImage, Loader
from repository import Repository
from servers import Server, serving

TARGETS = ("//images/debian::", "//images/services::")

DATABASE = "host=127.0.0.1 user=postgres"

#: Where the servers write, with whose it is.
TEMPORARY = {
    "nginx": ("--tmpfs=/tmp:mode=1777",),
    "postgres": (
        "--tmpfs=/tmp:mode=1777",
        "--tmpfs=/run/postgresql:uid=999",
        "--tmpfs=/var/lib/postgresql/data:uid=999,mode=0700",
    ),
}


@pytest.fixture(scope="module")
def directory(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all archives and descriptions as first built."""
    directory = tmp_path_factory.mktemp("services")
    repository.pants("package", *TARGETS)
    for name in ("debian", "services"):
        shutil.copytree(repository.root / f"dist/images.{name}", directory, dirs_exist_ok=True)
    return directory


@pytest.fixture(scope="module")
def load(directory: Path, docker: ContainerEngine) -> Iterator[Loader]:
    loader = Loader(docker, directory)
    yield loader
    loader.remove()


@pytest.fixture(scope="module")
def python(load: Loader) -> LoadedImage:
    return load("python")


@pytest.fixture(scope="module")
def postgres(load: Loader, python: LoadedImage) -> Iterator[Server]:
    with serving(load("postgres"), python, 5432, TEMPORARY["postgres"]) as server:
        yield server


def description(directory: Path, name: str) -> Any:
    return json.loads((directory / f"{name}.json").read_text())


def layer_digests(directory: Path, name: str) -> List[str]:
    return [layer["digest"] for layer in description(directory, name)["layers"]]


def http(method: str, port: int, path: str, body: str = "") -> str:
    """Code that prints the answer to a request."""
    return (
        "import urllib.request as request\n"
        f"url = 'http://127.0.0.1:{port}{path}'\n"
        f"asked = request.Request(url, data={body.encode()!r} or None, method={method!r})\n"
        "print(request.urlopen(asked).read().decode(), end='')\n"
    )


def test_nginx_serves_the_repository_s_files(
    load: Loader, python: LoadedImage, repository: Repository
) -> None:
    image = load("nginx")
    assert image.inspect(".Config.User") == "33:33"
    with serving(image, python, 8080, TEMPORARY["nginx"]) as server:
        page = repository.root / "images/debian/pages/index.html"
        assert server.ask(http("GET", 8080, "/")) == page.read_text()
        assert set(server.ids("Uid")) == set(server.ids("Gid")) == {33}


def test_memcached_keeps_what_it_is_given(load: Loader, python: LoadedImage) -> None:
    with serving(load("memcached"), python, 11211) as server:
        printed = server.ask(
            "import socket\n"
            "connection = socket.create_connection(('127.0.0.1', 11211))\n"
            "connection.sendall(b'set cargo 0 0 3\\r\\ntea\\r\\nget cargo\\r\\nquit\\r\\n')\n"
            "print(connection.makefile().read(), end='')\n"
        )
        assert printed.split() == ["STORED", "VALUE", "cargo", "0", "3", "tea", "END"]
        assert set(server.ids("Uid")) == {11211}


def test_postgres_answers_psql(postgres: Server) -> None:
    query = "SELECT sum(n) FROM generate_series(1, 100) AS n"
    psql = ("psql", "--host=127.0.0.1", "--username=postgres", "--tuples-only", "-c", query)
    assert postgres.engine("exec", postgres.id, *psql).strip() == "5050"
    assert set(postgres.ids("Uid")) == {999}
    # Its own users, time zones and collations are there.
    more = "SELECT now() AT TIME ZONE 'Europe/Berlin' IS NOT NULL, 'ä' < 'b', current_user"
    assert postgres.engine("exec", postgres.id, *psql[:-1], more).split() == [
        *("t", "|", "f", "|", "postgres")
    ]


@pytest.mark.parametrize("name", ["guestbook", "guestbook-on-debian"])
def test_a_service_keeps_its_data_with_native_code(
    load: Loader, python: LoadedImage, postgres: Server, name: str
) -> None:
    network = f"container:{postgres.id}"
    options = (f"--env=DATABASE={DATABASE}", "--env=PORT=8080")
    with serving(load(name), python, 8080, options, network) as server:
        server.ask(http("POST", 8080, "/", name))
        answer = json.loads(server.ask(http("GET", 8080, "/")))
        assert answer["greeting"] == "Welcome to the guest book"
        assert answer["guests"][-1] == name
        assert set(server.ids("Uid")) == {1000}


def test_numpy_counts_on_the_store_s_python(load: Loader, postgres: Server) -> None:
    (line,) = postgres.beside(load("census"), f"--env=DATABASE={DATABASE}")
    assert line == "no guests" or "letters each" in line


def test_a_job_runs_in_podman_too(directory: Path, podman: ContainerEngine) -> None:
    """podman takes layers apart by itself, and refuses a path that is there twice."""
    loader = Loader(podman, directory)
    try:
        assert loader("memcached").run("-V") == ["memcached 1.6.18"]
        code = "import guestbook.server as s; print(s.GREETING)"
        entrypoint = "--entrypoint=/usr/bin/python3"
        path = "--env=PYTHONPATH=/app:/app/site-packages"
        on_debian = loader("guestbook-on-debian")
        printed = podman.run("--rm", entrypoint, path, on_debian.id, "-c", code)
        assert printed == "Welcome to the guest book\n"
    finally:
        loader.remove()


def test_trivy_2299_dpkg_query_lists_the_packages_of_the_image(
    load: Loader, python: LoadedImage, directory: Path
) -> None:
    """Also of those that an image above adds."""
    listed = python.run("dpkg-query", "-W", "-f", "${Package} ${Version}\n")
    packages = description(directory, "python")["debian"]
    assert listed == sorted(f"{package['name']} {package['version']}" for package in packages)
    assert python.run("dpkg", "--verify") == []
    assert python.run("dpkg-query", "-S", "/usr/bin/python3.11") == [
        "python3.11-minimal: /usr/bin/python3.11"
    ]


def test_trivy_9046_scanners_find_packages_where_dpkg_is_not(directory: Path) -> None:
    files = image_archive.root_file_system(directory / "nginx.tar")
    status = "var/lib/dpkg/status.d/"
    found = {path[len(status) :] for path in files if path.startswith(status)}
    names = {package["name"] for package in description(directory, "nginx")["debian"]}
    assert found == names | {f"{name}.md5sums" for name in names}
    assert all(f"usr/share/doc/{name}" in files for name in names), "licences are kept"
    assert not any(path.startswith("usr/share/man/man") for path in files)
    assert {"etc/debian_version", "etc/os-release"} < set(files), "which Debian it is"


def test_rules_distroless_76_what_scripts_would_have_done_is_told(directory: Path) -> None:
    (memcached,) = [
        package
        for package in description(directory, "memcached")["debian"]
        if package["name"] == "memcached"
    ]
    assert memcached["temporary"] == ["d /run/memcached 0755 memcache memcache -"]
    assert memcached["not_run"]["postinst"][0] == "addgroup --system memcache > /dev/null"


def test_services_share_the_layers_of_wheels_and_of_their_python(directory: Path) -> None:
    guestbook, on_debian, census = (
        layer_digests(directory, name) for name in ("guestbook", "guestbook-on-debian", "census")
    )
    # The wheel, the interpreter with what that needs, and the users; all but the sources.
    assert set(guestbook[:-1]) < set(census)
    assert {guestbook[0], guestbook[-1]} < set(on_debian)


def test_no_module_is_compiled_when_a_service_starts(directory: Path) -> None:
    files = image_archive.root_file_system(directory / "guestbook.tar")
    modules = [path for path in files if path.endswith(".py") and "/lib2to3/" not in path]
    compiled = [path for path in files if path.endswith(".cpython-311.pyc")]
    # All but what is started, and templates that no Python takes.
    assert len(modules) - 3 <= len(compiled) < len(modules)


def test_one_line_of_a_source_is_a_layer_of_kilobytes(
    repository: Repository, directory: Path
) -> None:
    before = description(directory, "guestbook")["layers"]
    with repository.edited("examples/guestbook/server.py", "Welcome to", "Good morning from"):
        run = repository.pants("--stats-log", "package", "//images/services:guestbook")
        path = repository.root / "dist/images.services/guestbook.json"
        after = json.loads(path.read_text())["layers"]
    assert after[:-1] == before[:-1]
    assert after[-1]["digest"] != before[-1]["digest"]
    assert after[-1]["size"] < 10_000
    # Its sources, their layer, the manifest and the archive.
    assert run.processes <= 4


def test_pants_knows_what_an_image_depends_on(repository: Repository) -> None:
    def images(*arguments: str) -> List[str]:
        printed = repository.pants(*arguments).stdout
        return [line for line in printed.splitlines() if line.startswith("images/")]

    services = [
        f"images/services:{name}" for name in ("census", "guestbook", "guestbook-on-debian")
    ]
    dependents = ("dependents", "--transitive")
    assert images(*dependents, "examples/guestbook/server.py:sources") == services
    assert "images/debian:nginx" in images(*dependents, "images/debian/pages/index.html")
    with repository.edited("examples/guestbook/server.py", "Welcome to", "Good evening from"):
        changed = ("--changed-since=HEAD", "--changed-dependents=transitive", "list")
        assert images(*changed) == services


def test_all_archives_and_packages_go_into_an_image(repository: Repository) -> None:
    """Whatever `./pants package` makes: an archive as it is and unpacked, a PEX, files."""
    build_file = """
files(name="texts", sources=["*.txt"])
archive(name="bundle", format="tar.gz", files=[":texts"])
docker_image(
    name="everything",
    users={"app": 1234},
    files={
        "/srv/texts/": {"source": ":texts", "mode": "0640", "owner": "app:app"},
        "/srv/bundle/": {"source": ":bundle", "unpack": True},
        "/srv/bundle.tar.gz": {"source": ":bundle"},
        "/srv/guestbook.pex": {"source": "//examples/guestbook", "mode": "0500"},
    },
)
"""
    with repository.declared("bundled", "") as dist:
        (repository.root / "bundled/a.txt").write_text("a")
        (repository.root / "bundled/BUILD").write_text(build_file)
        repository.pants("package", "bundled:everything")
        files = image_archive.root_file_system(dist / "everything.tar")
    found: Dict[str, str] = {
        path: f"{entry.mode:o} {entry.owner[0]}:{entry.owner[1]}"
        for path, entry in files.items()
        if path.startswith("srv/")
    }
    assert found == {
        "srv/bundle": "755 0:0",
        "srv/bundle/bundled": "755 0:0",
        "srv/bundle/bundled/a.txt": "644 0:0",
        "srv/bundle.tar.gz": "644 0:0",
        "srv/guestbook.pex": "500 0:0",
        "srv/texts": "750 1234:1234",
        "srv/texts/a.txt": "640 1234:1234",
    }


def test_nixpkgs_45369_buildkit_266_layers_have_each_path_once(directory: Path) -> None:
    """podman refuses others."""
    for archive in sorted(directory.glob("*.tar")):
        for blob in image_archive.layers(archive):
            with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as layer:
                names = layer.getnames()
            assert len(names) == len(set(names)), archive.name
