"""Images on a pulled image, with a real server and real sandboxes, without store packages."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any, Iterator, Sequence

import pytest
from pants.core.goals.package import BuiltPackage
from pants.core.util_rules import distdir
from pants.engine.addresses import Address
from pants.engine.rules import rule
from pants.testutil.rule_runner import QueryRule, RuleRunner, engine_error

from lading.network.faulty_server_testing import FaultyServer
from lading.registry.registry_testing import RegistryServer
from lading_pants.base_image.base_image_testing import make_runner
from lading_pants.debian.debian_image_testing import Debian
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.errors import TargetError
from lading_pants.image import package_image
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_rules_testing import RULES_WITHOUT_PACKAGES
from lading_pants.store.realise import (
    StoreClosure,
    StorePackagesRequest,
    StorePaths,
)
from lading_pants.store.store_package_target import StorePackageTarget


@rule
async def no_paths(request: StorePackagesRequest) -> StorePaths:
    raise AssertionError(f"{request} is asked for before the platform is looked at")


@rule
async def no_closure(request: StorePackagesRequest) -> StoreClosure:
    assert not request.addresses
    return StoreClosure((), ())


@pytest.fixture(scope="module")
def module_runner(tmp_path_factory: pytest.TempPathFactory) -> RuleRunner:
    return make_runner(
        tmp_path_factory.mktemp("caches"),
        [
            *RULES_WITHOUT_PACKAGES,
            *distdir.rules(),
            *package_image.rules(),
            *(no_paths, no_closure),
            QueryRule(BuiltPackage, [ImageFieldSet]),
        ],
        target_types=[DebianLockTarget, DockerImageTarget, StorePackageTarget],
    )


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with FaultyServer() as server:
        yield RegistryServer(server)


def tar(*members: tuple[str, bytes, str]) -> bytes:
    """Of (path, type, content of a file or target of a link)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, kind, text in members:
            info = tarfile.TarInfo(path)
            info.type, info.mode = kind, 0o755
            if kind == tarfile.REGTYPE:
                info.size = len(text)
            else:
                info.linkname = text
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


ROOT = tar(
    ("./bin", tarfile.SYMTYPE, "usr/bin"),
    ("./usr", tarfile.DIRTYPE, ""),
    ("./usr/bin", tarfile.DIRTYPE, ""),
    ("./usr/bin/sh", tarfile.REGTYPE, "sh"),
    ("./etc", tarfile.DIRTYPE, ""),
    ("./etc/passwd", tarfile.REGTYPE, "root:x:0:0::/:\nwww:x:33:34::/:\n"),
)


def serve(registry: RegistryServer, tars: Sequence[bytes], **config: Any) -> None:
    """An image of these layers; the first is served unchanged, the others as gzip."""
    blobs = [one if number == 0 else gzip.compress(one) for number, one in enumerate(tars)]
    diff_ids = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in tars]
    manifest = registry.image(blobs, rootfs={"type": "layers", "diff_ids": diff_ids}, **config)
    registry.manifest(manifest, tag="1")


def package(
    runner: RuleRunner, registry: RegistryServer, fields: str, platform: str = "linux/amd64"
) -> tuple[BuiltPackage, dict[str, bytes], dict[str, Any]]:
    """The goal's result for `docker_image(base=":base", ...)`, the files of its archive, and its
    description."""
    (manifest,) = (path for path in registry.server.replies if path.endswith("/manifests/1"))
    digest = registry.server.replies[manifest][0].headers["Docker-Content-Digest"]
    runner.write_files(
        {
            "3rdparty/BUILD": 'store_package(name="redis", version="1")\n',
            "images/BUILD": f"""
base_image(name="base", image="{registry.name}", digest="{digest}", platform="{platform}")
docker_image(name="app", base=":base", {fields})
""",
        }
    )
    target = runner.get_target(Address("images", target_name="app"))
    built = runner.request(BuiltPackage, [ImageFieldSet.create(target)])
    runner.write_digest(built.digest, path_prefix="dist")
    dist = Path(runner.build_root, "dist/images")
    with tarfile.open(dist / "app.tar") as archive:
        files = {
            member.name: content.read()
            for member in archive
            if (content := archive.extractfile(member))
        }
    return built, files, json.loads((dist / "app.json").read_text())


def config_of(files: dict[str, bytes]) -> dict[str, Any]:
    (docker,) = json.loads(files["manifest.json"])
    config: dict[str, Any] = json.loads(files[docker["Config"]])
    return config


def names_in(files: dict[str, bytes], layer: int) -> list[str]:
    (docker,) = json.loads(files["manifest.json"])
    with tarfile.open(fileobj=io.BytesIO(files[docker["Layers"][layer]])) as archive:
        return archive.getnames()


def test_rules_docker_2266_n2c_67_layers_stay_byte_for_byte(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    """rules_oci#365, rules_img#677, kaniko#731: the base is not packed again"""
    serve(registry, [ROOT, tar(("x", tarfile.REGTYPE, "1"))], config={"Env": ["A=1"]})
    built, files, metadata = package(runner, registry, 'files={"/bin/own": "own"}, env={"B": "2"}')
    sizes = [layer["size"] for layer in metadata["layers"]]
    assert metadata["base_layers"] == 2 and len(sizes) == 3
    assert metadata["layers"][0]["digest"] == f"sha256:{hashlib.sha256(ROOT).hexdigest()}"
    assert [layer["media_type"].rpartition(".")[2] for layer in metadata["layers"]] == [
        "tar",
        "tar+gzip",
        "tar+gzip",
    ]
    assert "3 layers, 2 of them the base's" in built.artifacts[1].extra_log_lines[1]
    # nixpkgs#57073, rules_oci#857: through the base's link
    assert "usr/bin/own" in names_in(files, 2) and "bin" not in names_in(files, 2)
    assert config_of(files)["config"]["Env"] == ["A=1", "B=2"]


def test_a_user_of_the_base_is_known(runner: RuleRunner, registry: RegistryServer) -> None:
    serve(registry, [ROOT])
    _, files, _ = package(runner, registry, 'user="www", directories={"/d": "0755 www:34"}')
    assert config_of(files)["config"]["User"] == "33:34"


def test_nixpkgs_pr_105685_an_unknown_user_is_refused(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    serve(registry, [ROOT])
    with engine_error(TargetError, contains="`docker_image` images:app: `user` is 'nobody-here'"):
        package(runner, registry, 'user="nobody-here"')


def test_an_id_of_the_base_that_can_not_be_is_told_with_its_line(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    passwd = "root:x:0:0::/:\nnobody:x:99999999999:1::/:\n"
    serve(registry, [tar(("etc/passwd", tarfile.REGTYPE, passwd))])
    reason = (
        "`docker_image` images:app: line 2 of the image's /etc/passwd, which comes from its base "
        "or `contents`, gives 'nobody' the id '99999999999', but ids are numbers from 0 to"
    )
    for fields in ('user="nobody"', 'directories={"/d": "0755 nobody:0"}'):
        with engine_error(TargetError, contains=reason):
            package(runner, registry, fields)


def test_a_config_that_no_runtime_loads_is_refused(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    serve(registry, [ROOT], config={"Labels": {"n": 5}})
    reason = "can't be used: in its config, `config.Labels.n` is 5, but must be a string."
    with engine_error(TargetError, contains=reason):
        package(runner, registry, 'files={"/x": "1"}')


def test_the_user_says_how_much_a_base_may_expand_to(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    serve(registry, [ROOT, ROOT])
    runner.set_options([f"--lading-max-unpacked-size={2 * len(ROOT) - 1} B"])
    reason = (
        f"`base_image` images:base: the base expands to more than {2 * len(ROOT) - 1} bytes, from "
    )
    with engine_error(TargetError, contains=reason):
        package(runner, registry, 'files={"/x": "1"}')
    runner.set_options([f"--lading-max-unpacked-size={2 * len(ROOT)} B"])
    package(runner, registry, 'files={"/x": "1"}')
    runner.set_options(["--lading-max-unpacked-size=20"])
    reason = "`[lading].max_unpacked_size` is '20', which is not a size. Write a number and a unit"
    with engine_error(TargetError, contains=reason):
        package(runner, registry, 'files={"/x": "1"}')


def test_moby_49141_a_base_without_layers(runner: RuleRunner, registry: RegistryServer) -> None:
    serve(registry, [], config={"Cmd": ["/x"]})
    _, files, metadata = package(runner, registry, 'files={"/x": "1"}')
    assert len(metadata["layers"]) == 1 and metadata["base_layers"] == 0
    assert config_of(files)["config"] == {"Cmd": ["/x"]}


@pytest.mark.parametrize("count", [125, 126, 200])
def test_moby_20298_too_many_layers_with_the_base_s(
    runner: RuleRunner, registry: RegistryServer, count: int
) -> None:
    tars = [tar((str(number), tarfile.REGTYPE, "")) for number in range(count)]
    serve(registry, tars)
    reason = (
        f"`docker_image` images:app: the image has {count + 1} layers, including those of its "
        "`base`, but docker supports at most 125. Use a shorter chain of bases, or a base with "
        "fewer layers."
    )
    with engine_error(TargetError, contains=reason):
        package(runner, registry, 'files={"/x": "1"}')
    assert not registry.seen("blobs", f"sha256:{hashlib.sha256(tars[0]).hexdigest()}")


def test_a_base_for_another_architecture_takes_what_is_not_built(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    serve(registry, [ROOT], architecture="riscv64")
    _, files, metadata = package(runner, registry, 'files={"/x": "1"}', "linux/riscv64")
    assert metadata["platform"] == "linux/riscv64"
    assert config_of(files)["architecture"] == "riscv64"
    for reason in (
        "`base` is ':base', an image for linux/riscv64, but `run_as_root` is built and run for",
        "Use a base whose `platform` is linux/",
        ", or remove `run_as_root`.",
    ):
        with engine_error(TargetError, contains=reason):
            package(runner, registry, 'run_as_root="true"', "linux/riscv64")


def test_a_layer_that_is_not_what_the_config_says(
    runner: RuleRunner, registry: RegistryServer
) -> None:
    manifest = registry.image([ROOT])  # its config has other diff ids
    registry.manifest(manifest, tag="1")
    with engine_error(TargetError, contains="`base_image` images:base: the layer sha256:"):
        package(runner, registry, 'files={"/x": "1"}')


STATUS = """\
Package: libc6
Status: install ok installed
Version: 2.36
Architecture: amd64
"""


@pytest.mark.parametrize("status", ["var/lib/dpkg/status", "var/lib/dpkg/status.d/libc6"])
def test_trivy_2299_9046_debian_packages_that_the_base_has_are_not_added_again(
    runner: RuleRunner, registry: RegistryServer, tmp_path: Path, status: str
) -> None:
    serve(registry, [ROOT, tar((status, tarfile.REGTYPE, STATUS))])
    debian = Debian(runner, tmp_path / "mirror")
    runner.set_options([f"--lading-debian-mirrors=['{debian.root.as_uri()}']"])
    debian.lock(nginx={"depends": ["libc6"]}, libc6={"version": "2.37"})
    fields = 'debian_lock="//debian:lock", debian_packages=["nginx"]'
    _, files, metadata = package(runner, registry, fields)
    assert [one["name"] for one in metadata["debian"]] == ["nginx"]
    names = names_in(files, 2)
    assert "usr/bin/nginx" in names and "usr/bin/libc6" not in names
    is_dpkg = status.endswith("status")
    assert ("var/lib/dpkg/status" in names, "var/lib/dpkg/status.d/nginx" in names) == (
        (is_dpkg, not is_dpkg)
    )
