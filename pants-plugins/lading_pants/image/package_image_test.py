"""An image from its target to dist/, with real sandboxes, but with packages that were not
compiled."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, Callable

import pytest
from pants.core.goals import package as package_goal
from pants.core.goals.package import BuiltPackage
from pants.core.target_types import ArchiveFieldSet, ArchiveTarget, FileTarget
from pants.core.target_types import rules as target_type_rules
from pants.core.util_rules import archive, distdir
from pants.core.util_rules.environments import (
    DockerEnvironmentTarget,
    EnvironmentTarget,
    LocalEnvironmentTarget,
)
from pants.engine.addresses import Address
from pants.engine.target import Target
from pants.option.global_options import GlobalOptions
from pants.testutil.option_util import create_subsystem
from pants.testutil.rule_runner import (
    QueryRule,
    RuleRunner,
    engine_error,
)

from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.errors import TargetError
from lading_pants.image import package_image
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_rules_testing import IMAGE_RULES, package_targets
from lading_pants.image.package_image import TakenImagesFieldSet, is_local
from lading_pants.store.store_package_target import StorePackageTarget


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *IMAGE_RULES,
            *archive.rules(),
            *distdir.rules(),
            *package_goal.rules(),
            *package_image.rules(),
            *target_type_rules(),
            QueryRule(BuiltPackage, [ArchiveFieldSet]),
            QueryRule(BuiltPackage, [ImageFieldSet]),
            QueryRule(BuiltPackage, [TakenImagesFieldSet]),
        ],
        target_types=[
            ArchiveTarget,
            BaseImageTarget,
            DockerImageTarget,
            FileTarget,
            StorePackageTarget,
        ],
        isolated_local_store=True,
    )


def package(
    runner: RuleRunner, fields: str, others: str = "", name: str = "redis"
) -> tuple[BuiltPackage, Path]:
    """The goal's result for `docker_image(name="redis", ...)`, and its path in dist."""
    image = f'docker_image(name="redis", {fields})\n'
    runner.write_files(
        {
            "3rdparty/BUILD": package_targets(),
            "images/BUILD": f'file(name="app", source="app")\n{others}{image}',
            "images/app": "the app",
        }
    )
    target = runner.get_target(Address("images", target_name=name))
    built = runner.request(BuiltPackage, [ImageFieldSet.create(target)])
    runner.write_digest(built.digest, path_prefix="dist")
    return built, Path(runner.build_root, "dist")


def test_pants_19341_16999_archive_and_description_lie_in_dist(runner: RuleRunner) -> None:
    built, dist = package(
        runner,
        """
        contents=["//3rdparty:redis"],
        cmd=["{//3rdparty:bash}/bin/bash"],
        env={"B": "{//3rdparty:redis}", "A": "1"},
        image_tags=["7", "latest"],
        """,
    )
    metadata = json.loads((dist / "images/redis.json").read_text())
    archive = dist / "images/redis.tar"
    assert [artifact.relpath for artifact in built.artifacts] == [
        "images/redis.json",
        "images/redis.tar",
    ]
    assert built.artifacts[1].extra_log_lines == (
        "  redis:7",
        "  redis:latest",
        f"  0.0 MB, {metadata['image']['digest']}",
        "  docker load < dist/images/redis.tar",
    )
    assert metadata["archive"]["size"] == archive.stat().st_size
    assert [member["name"] for member in metadata["closure"]] == ["bash", "redis"]
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(tar.extractfile(docker["Config"]))  # type: ignore[arg-type]
        assert config["config"] == {
            "Cmd": [f"/store/{'b' * 32}-bash/bin/bash"],
            "Env": ["A=1", f"B=/store/{'r' * 32}-redis"],
        }
    names = all_names(archive)
    # bash is in the store because `cmd` refers to it, but not at /bin.
    assert "bin/redis-server" in names and "bin/bash" not in names
    assert f"store/{'b' * 32}-bash/bin/bash" in names


def test_pants_13720_16074_names_are_made_of_versions_variables_and_the_digest(
    runner: RuleRunner,
) -> None:
    fields = """
    repository="{env:TEAM}/redis",
    image_tags=["{version://3rdparty:redis}", "{hash}"],
    """
    runner.set_options([], env={"TEAM": "data"})
    _, dist = package(runner, fields)
    metadata = json.loads((dist / "images/redis.json").read_text())
    digits = metadata["image"]["digest"][len("sha256:") :][:12]
    assert metadata["tags"] == ["data/redis:1-redis", f"data/redis:{digits}"]
    assert metadata["repository"] == "data/redis"
    assert metadata["closure"] == []
    runner.set_options([], env={})
    reason = "`repository` has {env:TEAM}, but the environment variable TEAM is not set. Set it, as"
    with engine_error(TargetError, contains=reason):
        package(runner, fields)


def test_podman_18673_15963_a_file_s_name_has_no_colon(runner: RuleRunner) -> None:
    built, _ = package(runner, 'repository="localhost:5000/redis", image_tags=["7"]')
    assert built.artifacts[1].extra_log_lines[0] == "  localhost:5000/redis:7"
    assert [artifact.relpath for artifact in built.artifacts] == [
        "images/redis.json",
        "images/redis.tar",
    ]


def test_moby_45416_without_a_name_the_digest_is_told(runner: RuleRunner) -> None:
    built, dist = package(runner, "image_tags=[]")
    metadata = json.loads((dist / "images/redis.json").read_text())
    assert metadata["tags"] == []
    assert metadata["image"]["digest"] in built.artifacts[1].extra_log_lines[0]


def test_pants_19341_the_archive_can_be_left_out(runner: RuleRunner) -> None:
    runner.set_options(["--lading-archives=none"])
    built, dist = package(runner, 'image_tags=["7"]')
    metadata = json.loads((dist / "images/redis.json").read_text())
    (artifact,) = built.artifacts
    assert artifact.relpath == "images/redis.json"
    assert artifact.extra_log_lines == ("  redis:7", f"  0.0 MB, {metadata['image']['digest']}")
    assert not (dist / "images/redis.tar").exists()


def package_to_dist(runner: RuleRunner, others: str = "") -> tuple[BuiltPackage, Path]:
    """Like `package`, in a run of `./pants package` that writes archives straight into dist/."""
    runner.set_options(["--lading-archives=dist", "package", "//images:redis"])
    return package(runner, 'image_tags=["7"]', others)


def test_an_archive_is_written_to_dist_and_only_once(runner: RuleRunner) -> None:
    expected, dist = package(runner, 'image_tags=["7"]')
    archive = dist / "images/redis.tar"
    content = archive.read_bytes()
    archive.unlink()
    summary = expected.artifacts[1].extra_log_lines

    def package_again() -> str:
        built, _ = package_to_dist(runner)
        assert archive.read_bytes() == content
        description, written = built.artifacts
        assert description.relpath == "images/redis.json" and not description.extra_log_lines
        assert written.relpath is None and written.extra_log_lines[1:] == summary
        return str(written.extra_log_lines[0])

    assert package_again() == "Wrote dist/images/redis.tar"
    assert package_again() == "dist/images/redis.tar is as it was"
    spoilers: tuple[Callable[[], object], ...] = (
        archive.unlink,
        lambda: archive.write_bytes(b"." * len(content)),
    )
    for spoil in spoilers:
        spoil()
        assert package_again() == "Wrote dist/images/redis.tar"
    assert sorted(path.name for path in archive.parent.iterdir()) == ["redis.json", "redis.tar"]


ARCHIVE_OF_IMAGE = 'archive(name="all", packages=[":redis"], format="tar")\n'


def test_what_is_written_to_dist_alone_can_not_be_taken(runner: RuleRunner) -> None:
    package_to_dist(runner, others=ARCHIVE_OF_IMAGE)
    target = runner.get_target(Address("images", target_name="all"))
    reason = (
        "images:redis, an image whose archive goes to dist/ and nowhere else, because "
        "`[lading].archives` is `dist`. Run this with `--lading-archives=package`."
    )
    with engine_error(TargetError, contains=f"`archive` images:all: `packages` has {reason}"):
        runner.request(BuiltPackage, [TakenImagesFieldSet.create(target)])
    subject = "`docker_image` images:other"
    for path in ("/x/", "/x"):
        other = f'docker_image(name="other", files={{"{path}": {{"source": ":redis"}}}})\n'
        with engine_error(
            TargetError, contains=f"{subject}: `files` gives {path!r} the source {reason}"
        ):
            package(runner, "", others=other, name="other")


def test_other_machines_and_containers_have_no_dist() -> None:
    def can_write(target: Target | None, remote_execution: bool) -> bool:
        options = create_subsystem(GlobalOptions, remote_execution=remote_execution)
        return is_local(EnvironmentTarget("", target), options)

    address = Address("environments")
    assert can_write(None, False)
    assert can_write(LocalEnvironmentTarget({}, address), False)
    assert not can_write(None, True)
    assert not can_write(DockerEnvironmentTarget({"image": "debian"}, address), False)


def test_what_can_not_be_written_is_told_with_the_target(runner: RuleRunner) -> None:
    Path(runner.build_root, "dist").write_text("a file")
    archive = Path(runner.build_root, "dist/images/redis.tar")
    reason = f"`docker_image` images:redis: {archive} can't be written (Not a directory). Remove"
    with engine_error(TargetError, contains=reason):
        package_to_dist(runner)


@pytest.mark.parametrize("options", [["package", "::"], ["--lading-archives=dist"]])
def test_archives_hold_the_images_that_they_name(runner: RuleRunner, options: list[str]) -> None:
    runner.set_options(options)
    package(runner, 'image_tags=["7"]', ARCHIVE_OF_IMAGE)
    target = runner.get_target(Address("images", target_name="all"))
    built = runner.request(BuiltPackage, [ArchiveFieldSet.create(target)])
    runner.write_digest(built.digest, path_prefix="dist")
    with tarfile.open(Path(runner.build_root, "dist/images/all.tar")) as tar:
        assert sorted(tar.getnames()) == ["images/redis.json", "images/redis.tar"]
    assert runner.request(BuiltPackage, [TakenImagesFieldSet.create(target)]).artifacts == ()


def test_nixpkgs_75038_env_has_what_is_set_and_nothing_else(runner: RuleRunner) -> None:
    _, dist = package(runner, 'env={"USER": "redis"}, users={"redis": 999}, user="redis"')
    assert config_of(dist / "images/redis.tar")["config"]["Env"] == ["USER=redis"]


def test_rules_oci_435_the_same_image_twice_has_the_same_bytes(runner: RuleRunner) -> None:
    first, _ = package(runner, 'contents=["//3rdparty:redis"], env={"A": "1", "B": "2"}')
    second, _ = package(runner, 'contents=["//3rdparty:redis"], env={"B": "2", "A": "1"}')
    assert first.digest == second.digest


def test_nixpkgs_254421_the_config_leaves_the_layer_alone(runner: RuleRunner) -> None:
    layers = []
    for cmd in ("a", "b"):
        _, dist = package(
            runner, f'contents=["//3rdparty:redis"], cmd=["/bin/redis-server", "{cmd}"]'
        )
        layers.append(json.loads((dist / "images/redis.json").read_text())["layers"])
    assert layers[0] == layers[1]


def layer_members(archive: Path) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """Members of the topmost layer, with their bytes."""
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        blob = tar.extractfile(docker["Layers"][-1])
        with tarfile.open(fileobj=blob, mode="r:gz") as layer:
            return {
                member.name: (
                    member,
                    content.read() if (content := layer.extractfile(member)) else b"",
                )
                for member in layer
                if not member.issym()
            }


def all_names(archive: Path) -> list[str]:
    """The members of all layers."""
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        names = []
        for layer in docker["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer), mode="r:gz") as layer_tar:
                names += layer_tar.getnames()
        return names


def contents_of(archive: Path, path: str) -> bytes:
    """The file, from the topmost layer that has it."""
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        for layer in reversed(docker["Layers"]):
            with tarfile.open(fileobj=tar.extractfile(layer), mode="r:gz") as layer_tar:
                if path in layer_tar.getnames():
                    content = layer_tar.extractfile(path)
                    assert content is not None
                    return content.read()
    raise AssertionError(f"{path} is in no layer")


def config_of(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        (docker,) = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        config: dict[str, Any] = json.load(tar.extractfile(docker["Config"]))  # type: ignore[arg-type]
        return config


THREE = """
contents=["//3rdparty:redis"],
cmd=["{//3rdparty:bash}/bin/bash", "{//3rdparty:nginx}"],
"""


def history(dist: Path) -> list[str]:
    return [entry["created_by"] for entry in config_of(dist / "images/redis.tar")["history"]]


@pytest.mark.parametrize(
    "fields, expected",
    [
        ("", ["bash", "nginx", "redis", "files and links"]),
        ("max_layers=3", ["redis", "2 store packages", "files and links"]),
        ("max_layers=2", ["3 store packages", "files and links"]),
        ("max_layers=1", ["3 store packages"]),
        ('layering="single"', ["3 store packages"]),
    ],
)
def test_layers_of_packages(runner: RuleRunner, fields: str, expected: list[str]) -> None:
    _, dist = package(runner, THREE + fields)
    assert history(dist) == [f"lading: {part}" for part in expected]
    names = all_names(dist / "images/redis.tar")
    roots = [f"store/{name[0] * 32}-{name}" for name in ("bash", "nginx", "redis")]
    assert [names.count(root) for root in roots] == [1, 1, 1]


def test_a_single_package_is_told_as_one(runner: RuleRunner) -> None:
    _, dist = package(runner, 'contents=["//3rdparty:redis"], layering="single"')
    assert history(dist) == ["lading: 1 store package"]


def test_n2c_41_186_images_share_the_layers_of_packages(runner: RuleRunner) -> None:
    other = 'docker_image(name="other", contents=["//3rdparty:redis"], files={"/x": "x"})\n'
    digests = []
    for name in ("redis", "other"):
        _, dist = package(runner, THREE, others=other, name=name)
        layers = json.loads((dist / f"images/{name}.json").read_text())["layers"]
        digests.append({layer["digest"] for layer in layers})
    assert len(digests[0] & digests[1]) == 1


@pytest.mark.parametrize("max_layers, packages", [(6, 3), (5, 2), (4, 1)])
def test_the_base_s_layers_count(runner: RuleRunner, max_layers: int, packages: int) -> None:
    """The images of NixOS' dockerTools test, with a base and `maxLayers`."""
    base = """
docker_image(name="lowest", files={"/x": "x"})
docker_image(name="base", base=":lowest", files={"/y": "y"})
"""
    _, dist = package(runner, f"base=':base', max_layers={max_layers},{THREE}", others=base)
    metadata = json.loads((dist / "images/redis.json").read_text())
    assert metadata["base_layers"] == 2
    assert len(metadata["layers"]) == max_layers == 2 + packages + 1


def test_moby_20298_packages_share_what_a_base_of_many_layers_leaves(runner: RuleRunner) -> None:
    """One layer, or none besides the one with the files at `/`."""
    rooms = {"max_layers=125": 1, "max_layers=125, run_as_root='true'": 0, "max_layers=124": 0}
    for name, (fields, room) in enumerate(rooms.items()):
        runner.write_files({"images/BUILD": f'docker_image(name="n{name}", {fields})'})
        image = ImageFieldSet.create(runner.get_target(Address("images", target_name=f"n{name}")))
        assert image.package_layer_count(123) == room


@pytest.mark.parametrize(
    "fields, message",
    [
        ("max_layers=0", "`max_layers` is 0, but an image can have 1 to 125 layers. Choose one of"),
        ("max_layers=126", "`max_layers` is 126, but an image can have 1 to 125 layers"),
        ('layering="each"', "must be one of ['per-package', 'single'], but 'each' was"),
    ],
)
def test_layerings_that_there_are_not(runner: RuleRunner, fields: str, message: str) -> None:
    with pytest.raises(Exception) as error:
        package(runner, fields)
    assert message in str(error.value)


def test_texts_of_several_lines_are_what_their_author_sees(runner: RuleRunner) -> None:
    _, dist = package(
        runner,
        """
        contents=["//3rdparty:coreutils"],
        files={"/etc/x": '''
            one:
              {//3rdparty:redis}
        '''},
        run_as_root='''
            cat >/etc/y <<EOF
            one
              two
            EOF
            touch /etc/z
        ''',
        cmd=["/bin/sh", "-c", '''
            one
            two
        '''],
        """,
    )
    archive = dist / "images/redis.tar"
    members = layer_members(archive)
    assert members["etc/y"][1] == b"one\n  two\n"
    assert "etc/z" in members
    text = f"one:\n  /store/{'r' * 32}-redis\n"
    assert contents_of(archive, "etc/x") == text.encode()
    assert config_of(archive)["config"]["Cmd"][2] == "one\ntwo\n"


def test_users_and_files_are_data(runner: RuleRunner) -> None:
    _, dist = package(
        runner,
        """
        users={"redis": {"uid": 999, "home": "/data", "shell": "{//3rdparty:bash}/bin/bash"}},
        user="redis",
        directories={"/data": "0750 redis:redis"},
        symlinks={"/bin/sh": "{//3rdparty:bash}/bin/bash"},
        files={
            "/etc/redis.conf": {"text": "x {//3rdparty:redis}\\n", "owner": "redis:redis"},
            "/srv/app": {"source": ":app"},
        },
        """,
    )
    members = layer_members(dist / "images/redis.tar")
    bash, redis = f"/store/{'b' * 32}-bash", f"/store/{'r' * 32}-redis"
    assert f"redis:x:999:999::/data:{bash}/bin/bash\n".encode() in members["etc/passwd"][1]
    assert (members["data"][0].uid, members["data"][0].mode) == (999, 0o750)
    assert members["etc/redis.conf"][1] == f"x {redis}\n".encode()
    assert members["etc/redis.conf"][0].uid == 999
    assert (members["srv/app"][1], members["srv/app"][0].mode) == (b"the app", 0o644)
    # Both are in the image because its root files refer to them.
    assert {bash[1:], redis[1:]} <= set(all_names(dist / "images/redis.tar"))
    assert config_of(dist / "images/redis.tar")["config"]["User"] == "999:999"


BASE = """
docker_image(
    name="base",
    contents=["//3rdparty:redis"],
    users={"redis": 999},
    user="redis",
    directories={"/data": "0750 redis:redis"},
    env={"A": "base", "B": "base"},
    entrypoint=["{//3rdparty:redis}/bin/redis-server"],
    cmd=["--port", "1"],
)
"""


def test_n2c_pr_196_nixpkgs_18896_an_image_on_another(runner: RuleRunner) -> None:
    built, dist = package(
        runner,
        """
        base=":base",
        contents=["//3rdparty:redis", "//3rdparty:bash"],
        users={"web": 80},
        env={"B": "own", "C": "own"},
        """,
        others=BASE,
    )
    metadata = json.loads((dist / "images/redis.json").read_text())
    base = json.loads(
        (package(runner, "", others=BASE, name="base")[1] / "images/base.json").read_text()
    )
    assert metadata["layers"][:2] == base["layers"]
    assert len(metadata["layers"]) == 4
    assert [member["name"] for member in metadata["closure"]] == ["bash", "redis"]
    assert "4 layers, 2 of them the base's" in built.artifacts[1].extra_log_lines[1]
    config = config_of(dist / "images/redis.tar")
    assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == 4
    assert config["config"] == {
        "Cmd": ["--port", "1"],
        "Entrypoint": [f"/store/{'r' * 32}-redis/bin/redis-server"],
        "Env": ["A=base", "B=own", "C=own"],
        "User": "999:999",
    }
    members = layer_members(dist / "images/redis.tar")
    assert b"redis:x:999" in members["etc/passwd"][1] and b"web:x:80" in members["etc/passwd"][1]
    # redis is in the base's layers, and its links as well.
    assert not any("redis" in name for name in members)
    names = all_names(dist / "images/redis.tar")
    assert names.count(f"store/{'b' * 32}-bash") == names.count(f"store/{'r' * 32}-redis") == 1


def test_an_image_that_changes_the_config_only_has_no_layer_of_its_own(runner: RuleRunner) -> None:
    _, dist = package(runner, 'base=":base", cmd=["x"]', others=BASE)
    metadata = json.loads((dist / "images/redis.json").read_text())
    assert len(metadata["layers"]) == metadata["base_layers"] == 2


def test_three_images_on_top_of_each_other(runner: RuleRunner) -> None:
    middle = 'docker_image(name="middle", base=":base", files={"/x": "1", "/y": "1"})\n'
    _, dist = package(runner, 'base=":middle", files={"/x": "2"}', others=BASE + middle)
    members = layer_members(dist / "images/redis.tar")
    assert {name: data for name, (_, data) in members.items()} == {"x": b"2"}
    assert len(json.loads((dist / "images/redis.json").read_text())["layers"]) == 4


@pytest.mark.parametrize(
    "fields, message",
    [
        ('base=":redis"', "`base` forms a cycle: images:redis -> images:redis. Remove"),
        ('base=":other"', "a cycle: images:redis -> images:other -> images:redis. Remove"),
        ('base=":bas"', "`base` refers to :bas, which does not exist. Did you mean :base?"),
        ('base=":app"', "`base` refers to :app, which is a `file` target and not an image: name a"),
        ('base=""', "`base` is empty. Write the address of an image."),
        ('base=":base", user="web"', "`user` is 'web', but 'web' is not in the image's"),
        ('base=":base", users={"redis": 5}', "but the image has `redis:x:999:"),
        ('base=":base", files={"/data": ""}', "'/data' of the base is a directory"),
    ],
)
def test_a_base_that_does_not_fit(runner: RuleRunner, fields: str, message: str) -> None:
    other = 'docker_image(name="other", base=":redis")\n'
    with pytest.raises(Exception) as error:
        package(runner, fields, others=BASE + other)
    assert "`docker_image` images:redis: " in str(error.value)
    assert message in str(error.value)


def test_moby_20298_too_many_layers(runner: RuleRunner) -> None:
    others = 'docker_image(name="n0", files={"/0": "0"})\n' + "".join(
        f'docker_image(name="n{number}", base=":n{number - 1}", files={{"/{number}": "x"}})\n'
        for number in range(1, 126)
    )
    with pytest.raises(Exception, match="the image has 126 layers, including those of its `base`"):
        package(runner, "", others=others, name="n125")


def test_images_that_add_a_config_alone_add_no_layers(runner: RuleRunner) -> None:
    others = 'docker_image(name="n0", files={"/0": "0"})\n' + "".join(
        f'docker_image(name="n{number}", base=":n{number - 1}", env={{"N": "{number}"}})\n'
        for number in range(1, 130)
    )
    _, dist = package(runner, "", others=others, name="n129")
    assert len(json.loads((dist / "images/n129.json").read_text())["layers"]) == 1


def test_commands_make_a_layer_on_top(runner: RuleRunner) -> None:
    _, dist = package(
        runner,
        """
        contents=["//3rdparty:coreutils"],
        symlinks={"/redis": "{//3rdparty:redis}"},
        run_as_root='''
            mkdir /data /etc
            chown 999:999 /data
            echo "web:x:7:7::/:" >/etc/passwd
            [ $REDIS = {//3rdparty:redis} ]
            [ -f {//3rdparty:nginx}/share/x ]
            ln -s {//3rdparty:bash}/bin/bash /bin/shell
            rm /redis
        ''',
        run_as_root_tools=["//3rdparty:redis"],
        env={"REDIS": "{//3rdparty:redis}"},
        user="web",
        """,
    )
    archive = dist / "images/redis.tar"
    members = layer_members(archive)
    assert sorted(members) == [".wh.redis", "bin", "data", "etc", "etc/passwd"]
    assert members["data"][0].uid == 999
    metadata = json.loads((dist / "images/redis.json").read_text())
    assert len(metadata["layers"]) == 5
    # bash is included because a link that the commands created leads to it; nginx is not.
    assert [member["name"] for member in metadata["closure"]] == ["bash", "coreutils", "redis"]
    config = config_of(archive)
    assert config["config"]["User"] == "7:7"
    assert [entry["created_by"] for entry in config["history"]] == [
        "lading: bash",
        "lading: coreutils",
        "lading: redis",
        "lading: files and links",
        "lading: run_as_root",
    ]


def test_nixpkgs_55290_57505_commands_see_the_layers_of_the_base(runner: RuleRunner) -> None:
    """nixpkgs#61089, nixpkgs PR#151150"""
    base = """
docker_image(
    name="base",
    contents=["//3rdparty:coreutils"],
    files={"/x": "1", "/y": "1"},
    run_as_root="echo 2 >/y; mkdir -m 700 /d",
)
"""
    _, dist = package(
        runner,
        """
        base=":base",
        files={"/x": "3"},
        run_as_root='[ "$(cat /x)$(cat /y)" = 32 ]; rm /y; ln -s {//3rdparty:bash} /d/bash',
        """,
        others=base,
    )
    metadata = json.loads((dist / "images/redis.json").read_text())
    assert (len(metadata["layers"]), metadata["base_layers"]) == (6, 3)
    assert [member["name"] for member in metadata["closure"]] == ["bash", "coreutils"]
    members = layer_members(dist / "images/redis.tar")
    assert {name: member.mode for name, (member, _) in members.items()} == {
        ".wh.y": 0o644,
        "d": 0o700,
    }


def test_failing_commands_are_told_with_the_target(runner: RuleRunner) -> None:
    with pytest.raises(Exception) as error:
        package(runner, 'contents=["//3rdparty:coreutils"], run_as_root="cat /x"')
    message = str(error.value)
    assert "`docker_image` images:redis: `run_as_root` failed (status 1). The whole log" in message
    assert "cat: /x: No such file or directory" in message


def test_commands_end_when_their_time_is_over(runner: RuleRunner) -> None:
    fields = 'contents=["//3rdparty:coreutils"], run_as_root="while :; do :; done"'
    with pytest.raises(Exception, match="images:redis: `run_as_root` was still running after 1 s"):
        package(runner, f"{fields}, run_as_root_timeout=1")


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            'contents=["//3rdparty:redis", "//3rdparty:nginx"]',
            "`docker_image` images:redis: `contents` has '/share/x' twice, different in both",
        ),
        (
            'contents=["//3rdparty:redis"], user="redis"',
            "`docker_image` images:redis: `user` is 'redis', but 'redis' is not in the image's",
        ),
        (
            'contents=["//3rdparty:redis"], directories={"/share/x": "0755"}',
            "`docker_image` images:redis: `directories` has '/share/x', but",
        ),
        (
            'cmd=["{//3rdparty:redis}/bin/nope"]',
            f"`docker_image` images:redis: `cmd` begins with '/store/{'r' * 32}-redis/bin/nope', "
            "which is in no layer of the image.",
        ),
        (
            'contents=["//3rdparty:redis"], entrypoint=["/usr/bin/redis-server"]',
            "`docker_image` images:redis: `entrypoint` begins with '/usr/bin/redis-server', which "
            "is in no layer of the image. The image has /bin/redis-server. Name a program",
        ),
        (
            'contents=["//3rdparty:redis"], env={"PATH": "/opt"}, cmd=["redis-server"]',
            "`cmd` begins with 'redis-server', which is in no directory of `PATH`, '/opt'. The",
        ),
        (
            'contents=["//3rdparty:redis"], cmd=["/share/x"]',
            f"`cmd` begins with '/share/x', which is a link to '/store/{'r' * 32}-redis/share/x', "
            "and that is not executable: its mode is 0444.",
        ),
        (
            'healthcheck={"test": ["CMD-SHELL", "true"]}',
            "`healthcheck` has `CMD-SHELL`, which is run by /bin/sh, which is in no layer",
        ),
        (
            'base=":none"',
            "`cmd`, which it has from its base, begins with '/bin/x', which is in no layer",
        ),
        (
            'registries=["@nope"]',
            "`docker_image` images:redis: `registries` has '@nope', but `[lading].registries` does",
        ),
        (
            'files={"/x": {"source": "//3rdparty"}}',
            "`docker_image` images:redis: `files` refers to //3rdparty, which does not exist.",
        ),
        (
            'files={"/x": {"source": "//3rdparty:redis"}}',
            "`docker_image` images:redis: `files` gives '/x' the source 3rdparty:redis, which has "
            "0 files instead of one",
        ),
    ],
)
def test_what_only_the_contents_show_is_told_with_the_target(
    runner: RuleRunner, fields: str, message: str
) -> None:
    with pytest.raises(Exception) as error:
        package(runner, fields, others='docker_image(name="none", cmd=["/bin/x"])\n')
    assert message in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        'base=":base", cmd=["arguments"]',
        'base=":base", entrypoint=["redis-server"]',
        'cmd=["/opt/app/run"], runtime_mounts=["/opt"]',
        'cmd=["/data/run"], volumes=["/data"]',
        'contents=["//3rdparty:redis"], working_dir="/bin", cmd=["./redis-server"]',
        'entrypoint=["app"], files={"/bin/app": {"source": ":app", "mode": "0755"}}',
    ],
)
def test_programs_that_are_there_or_will_be(runner: RuleRunner, fields: str) -> None:
    package(runner, fields, others=BASE)
