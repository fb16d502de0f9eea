"""Images on a real Debian from a real registry, in the programs that people use images with."""

import gzip
import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Dict, Iterator

import pytest
from base_image_registry import BaseImages
from conftest import ContainerEngine
from image_archive import layers
from loaded_image import LoadedImage, Loader
from redis_container import RedisCli, RedisImage
from repository import Repository

BUILD = """
docker_image(
    name="redis-on-debian",
    repository="lading-bases/redis-on-debian",
    base=":debian",
    users={"redis": {"uid": 999, "home": "/data"}},
    directories={"/data": "0755 redis:redis"},
    contents=["//3rdparty/redis"],
    files={"/bin/own": {"text": "#!/bin/sh\\necho own\\n", "mode": "0755"}},
    cmd=["{//3rdparty/gosu}/bin/gosu", "redis", "{//3rdparty/redis}/bin/redis-server"],
    exposed_ports=["6379/tcp"],
    working_dir="/data",
    volumes=["/data"],
)

docker_image(
    name="commands-on-debian",
    repository="lading-bases/commands-on-debian",
    base=":debian",
    files={"/usr/local/share/ca-certificates/own.crt": {"source": ":own.crt"}},
    run_as_root=\"\"\"
        groupadd -r web
        useradd -r -g web -d /srv -s /usr/sbin/nologin -m web
        mkdir /opt/own
        cp /usr/lib/*-linux-gnu/libz.so.1.*.* /opt/own
        echo /opt/own > /etc/ld.so.conf.d/own.conf
        ldconfig
        update-ca-certificates 2>&1
        apt list --installed 2> /dev/null | grep -c installed > /installed
        if apt-get -o APT::Update::Error-Mode=any update; then echo there is one > /network; fi
        chown web:web /opt/own
        chmod 4755 /usr/bin/env
        rm -r /usr/share/bash-completion /etc/issue
    \"\"\",
)

file(name="own.crt", source="own.crt")

docker_image(
    name="packages-on-debian",
    repository="lading-bases/packages-on-debian",
    base=":debian",
    debian_lock="//3rdparty/debian:bookworm",
    debian_packages=["python3"],
)
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=own"]
        + ["-keyout", str(directory / "key.pem"), "-out", str(directory / "own.crt")],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return (directory / "own.crt").read_text()


@pytest.fixture(scope="module")
def packaged(
    repository: Repository, base_images: BaseImages, debian: str, certificate: str
) -> Iterator[Path]:
    """The directory in dist/ with the images of `BUILD`."""
    build_file = base_images.target("library/debian") + BUILD
    with repository.declared("on_debian", build_file) as directory:
        (repository.root / "on_debian/own.crt").write_text(certificate)
        repository.pants("package", "on_debian:")
        yield directory


@pytest.fixture(scope="module")
def load(packaged: Path, docker: ContainerEngine) -> Iterator[Loader]:
    loader = Loader(docker, packaged)
    yield loader
    loader.remove()


class TestRedis:
    """The article's redisOnDebian."""

    @pytest.fixture(scope="class")
    def image(self, load: Loader) -> LoadedImage:
        return load("redis-on-debian")

    def test_redis_answers(self, image: LoadedImage, redis_cli: RedisCli) -> None:
        with RedisImage(image.engine, redis_cli, image.id).serving() as container:
            assert container("set", "cargo", "tea") == "OK"
            assert set(container.ids("Uid")) == {999}
            assert container.terminate() == 0, container.logs()

    def test_programs_of_the_base_work(self, image: LoadedImage) -> None:
        installed = image.run("apt", "list", "--installed")
        assert any(line.startswith("base-files/") for line in installed)
        assert image.run("bash", "-c", 'echo "$BASH"; id redis') == [
            "/usr/bin/bash",
            "uid=999(redis) gid=999(redis) groups=999(redis)",
        ]

    def test_nixpkgs_101026_451984_the_base_s_layers_are_those_of_the_registry(
        self, image: LoadedImage, base_images: BaseImages, debian: str
    ) -> None:
        (base,) = base_images.layers("library/debian")
        count = image.description["base_layers"]
        assert [
            {"digest": one["digest"], "size": one["size"], "mediaType": one["media_type"]}
            for one in image.description["layers"][:count]
        ] == [base]

    def test_nixpkgs_57073_129007_our_files_land_behind_the_base_s_link(
        self, image: LoadedImage
    ) -> None:
        _is_merged(image)

    def test_in_podman(self, packaged: Path, podman: ContainerEngine) -> None:
        loader = Loader(podman, packaged)
        try:
            _is_merged(loader("redis-on-debian"))
        finally:
            loader.remove()

    def test_after_skopeo_has_copied_it(
        self,
        packaged: Path,
        base_images: BaseImages,
        skopeo: ContainerEngine,
        docker: ContainerEngine,
        image: LoadedImage,
    ) -> None:
        name = f"{base_images.host}/copied/redis:1"
        archive = f"oci-archive:{packaged / 'redis-on-debian.tar'}"
        options = ("--quiet", "--preserve-digests", "--dest-tls-verify=false")
        skopeo("--insecure-policy", "copy", *options, archive, f"docker://{name}")
        docker("pull", "--quiet", name)
        try:
            digests = docker("image", "inspect", "--format={{json .RepoDigests}}", name)
            digest = image.description["image"]["digest"]
            assert f"{base_images.host}/copied/redis@{digest}" in json.loads(digests)
            assert docker.run("--rm", name, "own") == "own\n"
        finally:
            docker("image", "rm", name)


def _is_merged(image: LoadedImage) -> None:
    """rules_oci#857; rules_distroless#53; bazeldnf#15; rockcraft#154"""
    shown = "readlink /bin; own; /bin/own; ls /usr/bin/redis-cli; redis-cli --version"
    lines = image.run("sh", "-c", shown)
    assert lines[:4] == ["usr/bin", "own", "own", "/usr/bin/redis-cli"]
    assert lines[4].startswith("redis-cli 7.0.15")


class TestCommands:
    @pytest.fixture(scope="class")
    def image(self, load: Loader) -> LoadedImage:
        return load("commands-on-debian")

    @pytest.fixture(scope="class")
    def members(self, packaged: Path) -> Dict[str, tarfile.TarInfo]:
        """What the commands changed, by name."""
        top = gzip.decompress(layers(packaged / "commands-on-debian.tar")[-1])
        with tarfile.open(fileobj=io.BytesIO(top)) as archive:
            return {member.name: member for member in archive}

    def test_nixpkgs_116749_users_and_owners_persist(self, image: LoadedImage) -> None:
        shown = image.run("sh", "-c", "getent passwd web; stat -c %U:%G /srv /opt/own")
        assert shown[0].endswith("::/srv:/usr/sbin/nologin")
        assert shown[1:] == ["root:root", "web:web"]

    def test_rules_distroless_76_68_155_caches_are_renewed(self, image: LoadedImage) -> None:
        (listed,) = image.run("sh", "-c", "ldconfig -p | grep /opt/own")
        assert listed.split(" => ")[1] == "/opt/own/libz.so.1"
        bundle = image.run("cat", "/etc/ssl/certs/ca-certificates.crt")
        own = image.run("cat", "/usr/local/share/ca-certificates/own.crt")
        assert "\n".join(own) in "\n".join(bundle)

    def test_what_is_deleted_is_gone_by_one_whiteout(
        self, image: LoadedImage, members: Dict[str, tarfile.TarInfo]
    ) -> None:
        """umoci#254: none for what was in the directory"""
        whiteouts = [name for name in members if name.rpartition("/")[2].startswith(".wh.")]
        assert whiteouts == ["etc/.wh.issue", "usr/share/.wh.bash-completion"]
        assert image.run("sh", "-c", "ls -d /usr/share/bash-completion /etc/issue || true") == []

    def test_apt_knows_its_packages_and_finds_no_network(self, image: LoadedImage) -> None:
        (count,) = image.run("cat", "/installed")
        assert int(count) > 80
        assert image.run("sh", "-c", "ls /network || echo none") == ["none"]

    def test_only_what_was_changed_is_in_the_layer(
        self, packaged: Path, members: Dict[str, tarfile.TarInfo]
    ) -> None:
        assert members["usr/bin/env"].mode == 0o4755
        assert len(members) < 100


class TestDebianPackages:
    @pytest.fixture(scope="class")
    def image(self, load: Loader) -> LoadedImage:
        return load("packages-on-debian")

    def test_trivy_2299_dpkg_knows_those_of_the_base_and_ours(self, image: LoadedImage) -> None:
        ours = {package["name"] for package in image.description["debian"]}
        assert "python3" in ours and "libc6" not in ours, "the base has it"
        listed = set(image.run("dpkg-query", "-W", "-f", "${Package}\n"))
        assert ours | {"apt", "libc6"} < listed
        assert image.run("dpkg", "--audit") == []
        assert image.run("dpkg-query", "-S", "/usr/bin/python3.11") == [
            "python3.11-minimal: /usr/bin/python3.11"
        ]

    def test_modules_are_compiled(self, image: LoadedImage) -> None:
        code = "import json, os; print(os.path.exists(json.__cached__))"
        assert image.run("python3", "-c", code) == ["True"]
