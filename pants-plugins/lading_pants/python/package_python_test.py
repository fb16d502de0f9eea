"""Images with a PEX, up to the point where wheels are needed: mistakes, entrypoints and
dependencies.

The end-to-end tests, which have the pex CLI, make the layers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pants.backend.python.goals.package_pex_binary import (
    PexBinaryFieldSet,
    PexFromTargetsRequestForBuiltPackage,
)
from pants.backend.python.target_types import PexBinary, PythonSourceTarget
from pants.backend.python.util_rules.python_sources import PythonSourceFiles
from pants.core.target_types import FileTarget
from pants.engine.addresses import Address, Addresses
from pants.engine.target import Dependencies, DependenciesRequest
from pants.testutil.rule_runner import QueryRule, RuleRunner, engine_error

from lading_pants.debian.debian_image_testing import Debian
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.errors import TargetError
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.image_rules_testing import IMAGE_RULES
from lading_pants.python.image_pex import PexSourcesRequest
from lading_pants.store.store_package_target import StorePackageTarget

BUILD = """
python_source(name="source", source="main.py")
pex_binary(name="app", entry_point="main.py:run", dependencies=[":source"])
pex_binary(name="nothing")
pex_binary(
    name="wheels",
    script="run",
    dependencies=[":source"],
    include_sources=False,
    include_requirements=False,
)
file(name="text", source="text")
"""

LOCKS = 'debian_lock(name="lock", suites=["bookworm"], architectures=["amd64", "arm64"])\n'


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *IMAGE_RULES,
            QueryRule(ImagePlan, [ImagePlanRequest]),
            QueryRule(Addresses, [DependenciesRequest]),
            QueryRule(PexFromTargetsRequestForBuiltPackage, [PexBinaryFieldSet]),
            QueryRule(PythonSourceFiles, [PexSourcesRequest]),
        ],
        target_types=[
            DebianLockTarget,
            DockerImageTarget,
            FileTarget,
            PexBinary,
            PythonSourceTarget,
            StorePackageTarget,
        ],
        isolated_local_store=True,
    )


@pytest.fixture
def runner(runner: RuleRunner, tmp_path: Path) -> RuleRunner:
    packages: dict[str, Any] = {"python3.11-minimal": {}, "python3.9-minimal": {}, "bash": {}}
    Debian(runner, tmp_path).lock(**packages)
    runner.write_files(
        {
            "src/main.py": "def run(): pass\n",
            "src/text": "",
            "src/BUILD": BUILD,
            "debian/BUILD": LOCKS,
            "3rdparty/BUILD": (
                'store_package(name="coreutils", version="1")\n'
                'store_package(name="cpython", version="3.11")\n'
            ),
        }
    )
    return runner


def plan(runner: RuleRunner, fields: str, others: str = "") -> ImagePlan:
    image = f'{others}docker_image(name="image", {fields})\n'
    runner.write_files({"images/BUILD": image})
    target = runner.get_target(Address("images", target_name="image"))
    return runner.request(ImagePlan, [ImagePlanRequest(ImageFieldSet.create(target))])


DEBIAN = 'debian_lock="//debian:lock", debian_packages='


@pytest.mark.parametrize(
    ("fields", "entrypoint"),
    [
        ('python="/usr/local/bin/python3.12"', ("/usr/local/bin/python3.12", "/app/__main__.py")),
        (f'{DEBIAN}["python3.11-minimal"]', ("/usr/bin/python3.11", "/app/__main__.py")),
        (
            f'{DEBIAN}["python3.11-minimal", "python3.9-minimal"]',
            ("/usr/bin/python3.11", "/app/__main__.py"),
        ),
        ('python="/usr/bin/python3.11", entrypoint=["/bin/sh"]', ("/bin/sh",)),
    ],
)
def test_the_image_starts_its_service_unless_it_says_otherwise(
    runner: RuleRunner, fields: str, entrypoint: tuple[str, ...]
) -> None:
    assert plan(runner, f'pex="//src:app", {fields}').config.entrypoint == entrypoint


def test_the_python_of_the_base_runs_it(runner: RuleRunner) -> None:
    base = f'docker_image(name="base", {DEBIAN}["python3.9-minimal"])\n'
    found = plan(runner, 'pex="//src:app", base=":base"', base)
    assert found.config.entrypoint == ("/usr/bin/python3.9", "/app/__main__.py")


def test_a_package_that_runs_it_is_in_the_image(runner: RuleRunner) -> None:
    found = plan(runner, 'pex="//src:app", python="//3rdparty:cpython"')
    store_path = "/store/" + "c" * 32 + "-cpython"
    assert found.config.entrypoint == (f"{store_path}/bin/python3", "/app/__main__.py")
    assert list(found.image.references.origins) == [Address("3rdparty", target_name="cpython")]


def test_pants_knows_what_it_depends_on(runner: RuleRunner) -> None:
    plan(runner, 'pex="//src:app", python="//3rdparty:cpython"')
    target = runner.get_target(Address("images", target_name="image"))
    found = runner.request(Addresses, [DependenciesRequest(target[Dependencies])])
    assert {address.spec for address in found} >= {"src:app", "3rdparty:cpython"}


@pytest.mark.parametrize(("name", "files"), [("app", ("src/main.py",)), ("wheels", ())])
def test_an_image_has_the_sources_that_the_pex_has(
    runner: RuleRunner, name: str, files: tuple[str, ...]
) -> None:
    runner.set_options(["--python-infer-use-rust-parser"])  # The other one is a PEX itself.
    field_set = PexBinaryFieldSet.create(runner.get_target(Address("src", target_name=name)))
    whole = runner.request(PexFromTargetsRequestForBuiltPackage, [field_set])
    sources = runner.request(PythonSourceFiles, [PexSourcesRequest(whole.request, False)])
    assert sources.source_files.files == files


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            'pex="//src:text", python="/usr/bin/python3.11"',
            "`docker_image` images:image: `pex` names src:text, which is a `file` target: name a "
            "`pex_binary`.",
        ),
        (
            'pex="//src:nothing", python="/usr/bin/python3.11"',
            "`docker_image` images:image: `pex` names src:nothing, which runs nothing: set its "
            "`entry_point` or `script`.",
        ),
        (
            'pex="//src:ap", python="/usr/bin/python3.11"',
            "`docker_image` images:image: `pex` refers to //src:ap, which does not exist. Did you "
            "mean //src:app?",
        ),
        (
            'python="/usr/bin/python3.11"',
            "`docker_image` images:image: `python` is for `pex`, which is unset. Set it, or remove "
            "`python`.",
        ),
        (
            'pex="//src:app"',
            "`docker_image` images:image: `pex` is set, but nothing says which Python runs it. Set "
            "`python` to a store package",
        ),
        (
            f'pex="//src:app", {DEBIAN}["bash"]',
            "`docker_image` images:image: `pex` is set, but nothing says which Python runs it.",
        ),
        (
            'pex="//src:app", python="//3rdparty:coreutils"',
            "`docker_image` images:image: `python` names a package of version '1-coreutils', "
            "which is not a version of CPython 3.",
        ),
        (
            'pex="//src:app", python="//src:text"',
            "`docker_image` images:image: `python` refers to //src:text, which is a `file` target "
            "and not a store package: name a `store_package`",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_built(
    runner: RuleRunner, fields: str, sentence: str
) -> None:
    with engine_error(TargetError, contains=sentence):
        plan(runner, fields)


def test_a_path_without_a_version_is_refused_where_it_stands(runner: RuleRunner) -> None:
    with engine_error(contains="`python` has '/usr/bin/python3'. Write the path with the version"):
        plan(runner, 'pex="//src:app", python="/usr/bin/python3"')
