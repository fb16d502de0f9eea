"""Scripts from their targets to images, with packages of a kind that the test defines."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from pants.core.goals.package import BuiltPackage, OutputPathField
from pants.core.target_types import FileTarget
from pants.core.util_rules import distdir
from pants.engine.addresses import Address, Addresses
from pants.engine.fs import CreateDigest, Digest, DigestContents, FileContent
from pants.engine.rules import Get, collect_rules, rule
from pants.engine.target import Dependencies, DependenciesRequest, StringField, Target
from pants.engine.unions import UnionRule
from pants.testutil.rule_runner import QueryRule, RuleRunner

from lading.files.entry import Members
from lading.store.closure import ReferenceRules
from lading.store.derivation import Derivation
from lading.store.package import StorePackage
from lading.store.segment import write_segment
from lading.values.json_codec import to_json
from lading_pants.image import package_image
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_rules_testing import RULES_WITHOUT_PACKAGES
from lading_pants.store import derivation, package_store, realise, store_script
from lading_pants.store.derivation import DeriveRequest, StoreDerivation, StorePackageRequest
from lading_pants.store.package_store import StorePackageFieldSet
from lading_pants.store.realise import (
    MEMBERS_FILE,
    PACKAGE_FILE,
    SEGMENT_FILE,
    BuildRequest,
    BuildResult,
    StoreClosure,
    StorePackagesRequest,
    StorePaths,
)
from lading_pants.store.store_package_target import PackageNameField
from lading_pants.store.store_script_target import StoreScriptTarget

SCRIPT = Address("images", target_name="entrypoint.sh")


class ProgramField(StringField):
    alias = "program"
    help = "The program that is in `bin`."


class OneProgramTarget(Target):
    alias = "one_program"
    core_fields = (PackageNameField, ProgramField, Dependencies, OutputPathField)
    help = "A store package of a single program."


@dataclass(frozen=True)
class DeriveProgram(DeriveRequest):
    marker = ProgramField


@dataclass(frozen=True)
class BuildProgram(BuildRequest):
    marker = ProgramField


@rule
async def derive_program(request: DeriveProgram) -> Derivation:
    name = request.target.target[ProgramField].value or ""
    nothing = {"env": (), "sources": (), "further_sources": (), "patches": ()}
    return Derivation(
        name=name,
        version="1",
        platform="",
        script="",
        dependencies=request.dependency_paths,
        build_root="",
        builder="",
        strip="",
        **nothing,
    )


@rule
async def build_program(request: BuildProgram) -> BuildResult:
    path = request.built.path
    segment_file = io.BytesIO()
    with tempfile.TemporaryDirectory() as directory:
        program_file = Path(directory, "bin", request.built.derivation.name)
        program_file.parent.mkdir()
        program_file.write_bytes(b"program")
        program_file.chmod(0o755)
        segment = write_segment(Path(directory), path, segment_file)
    package = StorePackage(path, (), (), segment.sha256, segment.size, 7)
    digest = await Get(
        Digest,
        CreateDigest(
            [
                FileContent(SEGMENT_FILE, segment_file.getvalue()),
                FileContent(PACKAGE_FILE, to_json(package).encode()),
                FileContent(MEMBERS_FILE, to_json(Members(segment.members)).encode()),
            ]
        ),
    )
    return BuildResult(digest, ReferenceRules())


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(globals()),
            *RULES_WITHOUT_PACKAGES,
            *collect_rules(derivation),
            *distdir.rules(),
            *package_image.rules(),
            *package_store.rules(),
            *collect_rules(realise),
            *store_script.rules(),
            UnionRule(DeriveRequest, DeriveProgram),
            UnionRule(BuildRequest, BuildProgram),
            QueryRule(Addresses, [DependenciesRequest]),
            QueryRule(BuiltPackage, [ImageFieldSet]),
            QueryRule(BuiltPackage, [StorePackageFieldSet]),
            QueryRule(StoreClosure, [StorePackagesRequest]),
            QueryRule(StoreDerivation, [StorePackageRequest]),
            QueryRule(StorePaths, [StorePackagesRequest]),
        ],
        target_types=[DockerImageTarget, FileTarget, OneProgramTarget, StoreScriptTarget],
        isolated_local_store=True,
    )


def write(runner: RuleRunner, build: str, script: bytes = b"") -> None:
    runner.write_files(
        {
            "3rdparty/BUILD": "".join(
                f'one_program(name="{name}", program="{name}")\n'
                for name in ("bash", "redis", "gosu")
            ),
            "images/BUILD": build,
            "images/entrypoint.sh": script,
        }
    )


def path_of(runner: RuleRunner, address: Address) -> str:
    request = StorePackagesRequest((address,), "a test")
    return str(runner.request(StorePaths, [request]).paths[0])


def program_path(runner: RuleRunner, name: str) -> str:
    return f"{path_of(runner, Address('3rdparty', target_name=name))}/bin/{name}"


def dependencies(runner: RuleRunner) -> list[str]:
    request = DependenciesRequest(runner.get_target(SCRIPT)[Dependencies])
    return [str(address) for address in runner.request(Addresses, [request])]


def realise_script(runner: RuleRunner) -> tuple[StoreClosure, str]:
    """The script's closure, and the script's text."""
    closure = runner.request(StoreClosure, [StorePackagesRequest((SCRIPT,), "a test")])
    contents = runner.request(DigestContents, [closure.roots[0].digest])
    (segment,) = (file.content for file in contents if file.path == SEGMENT_FILE)
    with tarfile.open(fileobj=io.BytesIO(segment)) as archive:
        (member,) = archive.getmembers()
        script = archive.extractfile(member)
        assert script is not None and member.mode == 0o555
        return closure, script.read().decode()


TEXT = '''
store_script(
    name="entrypoint.sh",
    text="""
        #!{//3rdparty:bash}/bin/bash
        set -e
        if [ "${1#-}" != "$1" ]; then
            set -- {//3rdparty:redis}/bin/redis "$@"
        fi
        exec "$@"
    """,
)
'''


def test_store_paths_stand_in_the_script(runner: RuleRunner) -> None:
    write(runner, TEXT)
    bash, redis = program_path(runner, "bash"), program_path(runner, "redis")
    closure, text = realise_script(runner)
    assert text == (
        f"#!{bash}\n"
        "set -e\n"
        'if [ "${1#-}" != "$1" ]; then\n'
        f'    set -- {redis} "$@"\n'
        "fi\n"
        'exec "$@"\n'
    )
    package = closure.roots[0].package
    assert str(package.path) == path_of(runner, SCRIPT)
    assert package.path.name == "entrypoint.sh"
    assert [path.name for path in sorted(package.references, key=lambda path: path.name)] == [
        "bash-1",
        "redis-1",
    ]
    assert {member.package.path.name for member in closure.members} == {
        "bash-1",
        "redis-1",
        "entrypoint.sh",
    }
    assert dependencies(runner) == ["3rdparty:bash", "3rdparty:redis"]


def test_a_source_file_with_a_shebang_of_the_usual_kind(runner: RuleRunner) -> None:
    # The file is unchanged, including its indentation.
    source = b"#!/usr/bin/env bash\n  {//3rdparty:gosu}/bin/gosu"
    write(
        runner,
        'store_script(name="entrypoint.sh", source="entrypoint.sh", package_name="start",'
        ' dependencies=["3rdparty:redis", "3rdparty:bash"])',
        source,
    )
    closure, text = realise_script(runner)
    bash, gosu = program_path(runner, "bash"), program_path(runner, "gosu")
    assert text == f"#!{bash}\n  {gosu}\n"
    # Nothing refers to redis.
    assert {member.package.path.name for member in closure.members} == {"bash-1", "gosu-1", "start"}


def test_an_interpreter_takes_the_place_of_the_shebang(runner: RuleRunner) -> None:
    write(
        runner,
        'store_script(name="entrypoint.sh", source="entrypoint.sh", '
        'interpreter="{//3rdparty:bash}/bin/bash -e")',
        b"#!{//3rdparty:gone}/bin/sh\ntrue\n",
    )
    _, text = realise_script(runner)
    assert text == f"#!{program_path(runner, 'bash')} -e\ntrue\n"


def test_a_script_may_run_another(runner: RuleRunner) -> None:
    write(
        runner,
        TEXT + 'store_script(name="outer", text="exec {:entrypoint.sh}", '
        'interpreter="{:entrypoint.sh}")',
    )
    outer = Address("images", target_name="outer")
    request = StorePackagesRequest((outer,), "a test")
    closure = runner.request(StoreClosure, [request])
    assert {member.package.path.name for member in closure.members} == {
        "bash-1",
        "redis-1",
        "entrypoint.sh",
        "outer",
    }


def test_the_path_follows_from_text_and_what_it_names(runner: RuleRunner) -> None:
    paths = []
    for build in (
        TEXT,
        TEXT.replace("set -e", "set -u"),
        TEXT.replace("//3rdparty:redis", "//3rdparty:gosu"),
    ):
        write(runner, build)
        paths.append(path_of(runner, SCRIPT))
    write(runner, TEXT.replace("        ", "            "))
    assert len(set(paths)) == 3
    assert path_of(runner, SCRIPT) == paths[0]


def test_packaged_by_itself(runner: RuleRunner) -> None:
    write(runner, TEXT)
    built = runner.request(BuiltPackage, [StorePackageFieldSet.create(runner.get_target(SCRIPT))])
    (artifact,) = built.artifacts
    assert artifact.relpath == "images/entrypoint.sh"
    assert artifact.extra_log_lines[0] == f"  {path_of(runner, SCRIPT)}"


def test_an_image_runs_it(runner: RuleRunner) -> None:
    write(
        runner, TEXT + 'docker_image(name="redis", entrypoint=["{:entrypoint.sh}"], max_layers=1)'
    )
    target = runner.get_target(Address("images", target_name="redis"))
    built = runner.request(BuiltPackage, [ImageFieldSet.create(target)])
    runner.write_digest(built.digest, path_prefix="dist")
    dist = Path(runner.build_root, "dist/images")
    script = path_of(runner, SCRIPT)
    metadata = json.loads((dist / "redis.json").read_text())
    assert {member["name"] for member in metadata["closure"]} == {
        "bash-1",
        "redis-1",
        "entrypoint.sh",
    }
    with tarfile.open(dist / "redis.tar") as archive:
        (docker,) = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(archive.extractfile(docker["Config"]))  # type: ignore[arg-type]
        assert config["config"]["Entrypoint"] == [script]
        layer = archive.extractfile(docker["Layers"][0])
        with tarfile.open(fileobj=layer, mode="r:gz") as layer_tar:
            member = layer_tar.getmember(script.lstrip("/"))
            assert member.isfile() and member.mode == 0o555
            assert program_path(runner, "redis").lstrip("/") in layer_tar.getnames()


def test_a_script_is_no_tree_for_the_root(runner: RuleRunner) -> None:
    write(runner, TEXT + 'docker_image(name="redis", contents=[":entrypoint.sh"])')
    target = runner.get_target(Address("images", target_name="redis"))
    with pytest.raises(Exception, match="which is a file and not a directory"):
        runner.request(BuiltPackage, [ImageFieldSet.create(target)])


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            'text="a", source="entrypoint.sh"',
            "`store_script` images:entrypoint.sh: `text` and `source` are both set: remove",
        ),
        ("", "neither `text` nor `source` is set: write the script into `text`"),
        (
            'text="echo"',
            "`store_script` images:entrypoint.sh: the script has no `#!` line: begin it",
        ),
        ('text="", interpreter="#!/bin/sh"', "`interpreter` is '#!/bin/sh'. Write a program"),
        (
            'text="#!{//3rdparty:bsh}/bin/bash"',
            "`text` refers to //3rdparty:bsh, which does not exist. Did you mean //3rdparty:bash?",
        ),
        (
            'text="#!{:entrypoint}"',
            "`text` refers to :entrypoint, which does not exist. Did you mean :entrypoint.sh?",
        ),
        (
            'text="x", interpreter="{//3rdparty:bsh}/bin/bash"',
            "`interpreter` refers to //3rdparty:bsh, which does not exist.",
        ),
        (
            'text="#!{:file}"',
            "`text` refers to :file, which is a `file` target and not a store package: name a "
            "`one_program` or `store_script`.",
        ),
        (
            'text="#!{//3rdparty:bash}/bin/bash\\n${//3rdparty:redis}/bin/redis"',
            "'${//3rdparty:redis}/bin/redis' has `${//3rdparty:redis}`. Write it without",
        ),
        (
            'text="#!{//3rdparty:bash}/bin/bash", dependencies=["!3rdparty:bash"]',
            "`dependencies` excludes 3rdparty:bash, to which `text` refers: remove that",
        ),
        (
            'text="#!/bin/bash"',
            "`store_script` images:entrypoint.sh: the script is run by '#!/bin/bash', outside",
        ),
        (
            'text="#!{//3rdparty:bash}/bin/sh"',
            "/bin/sh', which is not a program in a package that it names: did you mean",
        ),
        (
            'text="#!/bin/bash", package_name="a b"',
            "'a b' can't be the name of a store path",
        ),
        (
            'text="#!{:entrypoint.sh}"',
            "`dependencies` form a cycle: images:entrypoint.sh -> images:entrypoint.sh.",
        ),
        (
            'text="#!/bin/bash", dependencies=[":file"]',
            "`dependencies` refers to :file, which is a `file` target and not a store package",
        ),
        (
            'source="gone.sh"',
            "`source` of images:entrypoint.sh names images/gone.sh, which does not exist: correct",
        ),
        (
            'source="entrypoint.sh"',
            "`source` is images/entrypoint.sh, which is not text in UTF-8 (byte 2): save it",
        ),
    ],
)
def test_mistakes(runner: RuleRunner, fields: str, message: str) -> None:
    write(
        runner,
        f'store_script(name="entrypoint.sh", {fields})\nfile(name="file", source="entrypoint.sh")',
        b"#!\xff",
    )
    with pytest.raises(Exception) as error:
        realise_script(runner)
    assert message in str(error.value)
