"""Images with Debian packages, with real sandboxes and a mirror in a directory."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from pants.core.goals.generate_lockfiles import UserGenerateLockfiles
from pants.core.goals.package import BuiltPackage
from pants.core.target_types import FileTarget
from pants.core.util_rules import distdir
from pants.testutil.rule_runner import QueryRule, RuleRunner, engine_error

from lading_pants.debian import debian_lock_goal as debian_lock
from lading_pants.debian.debian_image_testing import Debian
from lading_pants.debian.debian_lock_goal import RequestedDebianLocks
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.errors import TargetError
from lading_pants.image import package_image
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_rules_testing import IMAGE_RULES
from lading_pants.store.store_package_target import StorePackageTarget


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *IMAGE_RULES,
            *debian_lock.rules(),
            *distdir.rules(),
            *package_image.rules(),
            QueryRule(BuiltPackage, [ImageFieldSet]),
            QueryRule(UserGenerateLockfiles, [RequestedDebianLocks]),
        ],
        target_types=[DebianLockTarget, DockerImageTarget, FileTarget, StorePackageTarget],
        isolated_local_store=True,
    )


@pytest.fixture
def debian(runner: RuleRunner, tmp_path: Path) -> Debian:
    root = tmp_path / "mirror"
    runner.set_options([f"--lading-debian-mirrors=['{root.as_uri()}']"])
    return Debian(runner, root)


def image(packages: list[str], name: str = "image", **fields: object) -> str:
    more = "".join(f", {key}={value!r}" for key, value in fields.items())
    lock = fields.get("debian_lock", "//debian:lock")
    more = more if "debian_lock" in fields else f"{more}, debian_lock={lock!r}"
    return f"docker_image(name={name!r}, debian_packages={packages!r}{more})\n"


def test_packages_come_with_what_they_depend_on_in_a_layer_below_the_image_s_own(
    debian: Debian,
) -> None:
    debian.lock(nginx={"depends": ["libc6"]}, libc6={"version": "2.36"}, other={})
    built = debian.package(image(["nginx"], files={"/etc/motd": "hello"}))
    packages, own = built.layers()
    assert [path for path in packages if not path.startswith("var")] == [
        "bin",
        "etc/debian_version",
        "etc/os-release",
        "usr/lib/os-release",
        "usr/bin/libc6",
        "usr/bin/nginx",
    ]
    assert own == ["etc/motd"]
    assert built.description["debian"] == [
        {"name": "libc6", "version": "2.36", "architecture": "all"},
        {"name": "nginx", "version": "1", "architecture": "all"},
    ]


def test_packages_may_be_left_out(debian: Debian) -> None:
    debian.lock(aa={"depends": ["bb", "cc"]}, bb={"depends": ["dd"]}, cc={}, dd={})
    built = debian.package(image(["aa", "!bb"]))
    assert [package["name"] for package in built.description["debian"]] == ["aa", "cc"]


def test_an_image_on_an_image_adds_what_that_lacks(debian: Debian) -> None:
    debian.lock(aa={"depends": ["cc"]}, bb={"depends": ["cc"]}, cc={})
    built = debian.package(
        image(["aa"], name="base") + image(["bb"], base=":base", symlinks={"/bin/x": "aa"})
    )
    below, _, packages, own = built.layers()
    assert {"usr/bin/aa", "usr/bin/cc"} < set(below)
    assert [path for path in packages if path.startswith("usr")] == ["usr/bin/bb"]
    assert own == ["usr/bin/x"], "links of packages are followed"
    assert built.description["base_layers"] == 2
    assert [package["name"] for package in built.description["debian"]] == ["aa", "bb", "cc"]


def test_users_of_the_image_own_what_packages_have(debian: Debian) -> None:
    debian.lock(server={"etc/server.conf": b"conf", "var/lib/server/x": b""})
    built = debian.package(
        image(
            ["server"],
            users={"server": 999},
            user="server",
            directories={"/var/lib/server": "0700 server:server"},
            files={"/etc/server.conf": "mine"},
        )
    )
    with tarfile.open(built.dist / "image.tar") as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        blob = archive.extractfile(json.load(manifest)[0]["Layers"][1])
        assert blob is not None
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob.read()))) as layer:
            directory = layer.getmember("var/lib/server")
            conf = layer.extractfile("etc/server.conf")
            assert conf is not None and conf.read() == b"mine"
    assert (directory.mode, directory.uid, directory.gid) == (0o700, 999, 999)


def test_rules_distroless_76_packages_whose_scripts_did_not_run_are_told(debian: Debian) -> None:
    debian.lock(quiet={}, server={"postinst": "#!/bin/sh\nadduser --system server\n"})
    built = debian.package(image(["quiet", "server"]))
    assert (
        "  maintainer scripts not run: server; see `debian` in dist/images/image.json"
        in built.output
    )
    _, server = built.description["debian"]
    assert server["not_run"] == {"postinst": ["adduser --system server"]}


def test_generate_lockfiles_knows_what_images_ask_for(debian: Debian) -> None:
    debian.lock(aa={})
    debian.runner.write_files(
        {
            "debian/BUILD": 'debian_lock(name="lock", suites=["bookworm"])\n',
            "images/BUILD": image(["nginx", "!perl"]) + 'docker_image(name="plain")\n',
        }
    )
    requested = debian.runner.request(
        UserGenerateLockfiles, [RequestedDebianLocks(frozenset(["lock"]))]
    )
    (generate,) = requested
    assert generate.request.lists == (("!perl", "nginx"),)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("build_file", "sentence"),
    [
        (
            image(["nginy"]),
            "`docker_image` images:image: `nginy` is not in the Debian lock `lock` for ",
        ),
        (
            image(["aa"], debian_lock=None),
            "`docker_image` images:image: `debian_packages` is set, but `debian_lock` is not. "
            "Set it to the address of the `debian_lock` that pins them.",
        ),
        (
            image(["aa"], debian_lock=":image"),
            "`docker_image` images:image: `debian_lock` names images:image, which is a "
            "`docker_image` target: name a `debian_lock`.",
        ),
        (
            image(["aa"], alternatives={"awk": "gawk"}),
            "`docker_image` images:image: `alternatives` maps 'awk' to 'gawk', but no package has "
            "/usr/bin/gawk.",
        ),
        (
            image(["aa"], name="base") + image(["aa"], base=":base", debian_lock="//debian:other"),
            "`docker_image` images:image: `debian_packages` installs aa 2, but `base` "
            "has version 1. Use the `debian_lock` of the base.",
        ),
        (
            image(["aa", "bb"]),
            "`docker_image` images:image: aa and bb both have /etc/x, with different contents. "
            "Leave out one of them.",
        ),
    ],
)
def test_mistakes_are_told(debian: Debian, build_file: str, sentence: str) -> None:
    debian.lock(aa={"etc/x": b"aa"}, bb={"etc/x": b"bb"})
    debian.lock("other", aa={"version": "2"})
    with engine_error(TargetError, contains=sentence):
        debian.package(build_file)


def test_a_malformed_list_is_refused_where_it_stands(debian: Debian) -> None:
    debian.lock(aa={})
    with engine_error(contains="`debian_packages` has 'a_b'. Write the name of a Debian package"):
        debian.package(image(["a_b"]))
