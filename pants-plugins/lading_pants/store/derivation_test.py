from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from pants.engine.addresses import Address
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from lading_pants.store.derivation import StoreDerivation, StorePackageRequest
from lading_pants.store.realise import StorePackagesRequest, StorePaths
from lading_pants.store.store_package_testing import DebianMirror, make_runner

SHA256 = "1" * 64


@pytest.fixture
def runner(tmp_path: Path, debian_mirror: DebianMirror) -> RuleRunner:
    """Nothing can be fetched here."""
    return make_runner(
        tmp_path,
        debian_mirror,
        mirror_url="file:///nowhere",
        rules=(
            QueryRule(StoreDerivation, [StorePackageRequest]),
            QueryRule(StorePaths, [StorePackagesRequest]),
        ),
    )


def derive(runner: RuleRunner, name: str = "x", directory: str = "a") -> StoreDerivation:
    request = StorePackageRequest(Address(directory, target_name=name), "a test")
    return runner.request(StoreDerivation, [request])


#: Derives the package `a:x` with these fields, in a repository with these files.
PathOf = Callable[..., str]


@pytest.fixture
def path_of(runner: RuleRunner) -> PathOf:
    def path_of(fields: str = "", **files: str) -> str:
        extra = "".join(files.values())
        package = f'store_package(name="x", version="1", {fields})\n'
        runner.write_files(
            {
                "a/BUILD": package + extra,
                "a/one.patch": "1",
                "a/two.patch": "2",
                "a/t/one": "1",
                "a/t/two": "2",
            }
        )
        return str(derive(runner).path)

    return path_of


def test_a_path_has_hash_name_and_version(path_of: PathOf) -> None:
    assert path_of().startswith("/store/") and path_of().endswith("-x-1")
    assert path_of('package_name="y"').endswith("-y-1")


Y = 'store_package(name="y", version="2", script="y")\n'
Z = 'store_package(name="z", version="3", script="z")\n'
FETCHED = f'fetch_url(name="s", url="https://a.example/s.tar", sha256="{SHA256}")\n'
ROOT = """build_root(
    name="r", debian_lock="//debian:lock", debian_packages=["programs"], alternatives={"a": "b"}
)
"""


def test_indentation_is_not_the_script_s(path_of: PathOf) -> None:
    indented = "script='''\n    cat >x <<EOF\n    a\n    EOF\n'''"
    assert path_of(indented) == path_of("script='''cat >x <<EOF\na\nEOF\n'''")


def test_all_that_a_build_sees_is_in_the_hash(path_of: PathOf) -> None:
    paths = [
        path_of(),
        path_of('script="make"'),
        path_of('env={"A": "1"}'),
        path_of('env={"A": "2"}'),
        path_of('strip="none"'),
        path_of('dependencies=[":y"]', more=Y),
        path_of('dependencies=[":y"]', more=Y.replace('script="y"', 'script="other"')),
        path_of('source=":s"', more=FETCHED),
        path_of('source=":s"', more=FETCHED.replace(SHA256, "2" * 64)),
        path_of('source=":s"', more=FETCHED.replace("s.tar", "s.zip")),
        path_of('sources=[":s"]', more=FETCHED),
        path_of('sources=[":s"]', more=FETCHED.replace(")", ", executable=True)")),
        path_of('patches=["one.patch"]'),
        path_of('patches=["two.patch"]'),
        path_of('source=":t"', more='files(name="t", sources=["t/*"])'),
        path_of('build_root=":r"', more=ROOT),
    ]
    assert len(set(paths)) == len(paths)


def test_what_a_build_does_not_see_is_not(path_of: PathOf) -> None:
    def same(*paths: str) -> None:
        assert len(set(paths)) == 1, paths

    mirror = FETCHED.replace("https://a.example/s.tar", "https://b.example/x/s.tar")
    same(path_of('source=":s"', more=FETCHED), path_of('source=":s"', more=mirror))
    same(
        path_of('env={"A": "1", "B": "2"}'),
        path_of('env={"B": "2", "A": "1"}, description="x", tags=["a"], output_path="o"'),
        path_of('env={"A": "1", "B": "2"}, strip="all", build_root="//debian:root"'),
        path_of('env={"A": "1", "B": "2"}, max_closure_size=5, allowed_references=[]'),
        path_of('env={"A": "1", "B": "2"}, disallowed_references=[":y"]', more=Y),
    )


def test_the_same_package_elsewhere_is_the_same(runner: RuleRunner) -> None:
    package = 'store_package(name="x", version="1", script="x", source=":f", patches=["p"])\n'
    for directory in ("a", "b/c"):
        runner.write_files(
            {
                f"{directory}/BUILD": package + 'file(name="f", source="f.txt")',
                f"{directory}/f.txt": "f",
                f"{directory}/p": "p",
            }
        )
    assert derive(runner).path == derive(runner, directory="b/c").path


@pytest.mark.parametrize(
    ("dependencies", "sentences"),
    [
        (
            '[":y"]',
            [
                "`docker_image` //i:i: `cmd`: `dependencies` form a cycle: a:x -> a:y -> a:x. ",
                "remove one of these dependencies, or split a package.",
            ],
        ),
        ('[":x"]', ["`dependencies` form a cycle: a:x -> a:x."]),
        (
            '["//debian:root"]',
            [
                "`store_package` a:x: `dependencies` refers to //debian:root, which is a ",
                "`build_root` target and not a store package: name a `",
            ],
        ),
        (
            '[":nope"]',
            [
                "`store_package` a:x: `dependencies` refers to :nope, which does not exist.",
            ],
        ),
        (
            '["//b:y"]',
            ["`dependencies` refers to //b:y, which does not exist. Did you mean //a:y?"],
        ),
        ('["//b::"]', ["a:x: `dependencies` has '//b::', which is not an address"]),
    ],
)
def test_dependencies_that_can_not_be(
    runner: RuleRunner, dependencies: str, sentences: list[str]
) -> None:
    """Reported before anything is fetched: nothing can be fetched here."""
    cycle = Y.replace('"y",', '"y", dependencies=[":x"],', 1)
    package = f'store_package(name="x", version="1", dependencies={dependencies})\n'
    runner.write_files({"a/BUILD": package + cycle})
    request = StorePackagesRequest((Address("a", target_name="x"),), "`docker_image` //i:i: `cmd`")
    with pytest.raises(Exception) as raised:
        runner.request(StorePaths, [request])
    for sentence in sentences:
        assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (
            'store_package(name="x", version="1", build_root="//debian:lock")',
            "`store_package` a:x: `build_root` names debian:lock, which is a `debian_lock` target: "
            "name a `build_root`.",
        ),
        (
            'store_package(name="x", version="1", build_root="//debian:nope")',
            "The address debian:nope from the `build_root` from the target a:x does not exist.",
        ),
        (
            'store_package(name="x")',
            "`store_package` a:x: `version` is not set: write the package's version.",
        ),
        (
            'store_package(name="x", package_name="a" * 210, version="1.0")',
            "-1.0' can't be the name of a store path: use 1 to 211 letters, digits and",
        ),
        (
            'store_package(name="x", version="1", patches=["none.patch"])',
            'Unmatched glob from a:x\'s `patches` field: "a/none.patch"',
        ),
    ],
)
def test_a_derivation_that_can_not_be(runner: RuleRunner, target: str, sentence: str) -> None:
    runner.write_files({"a/BUILD": target})
    with pytest.raises(Exception) as raised:
        derive(runner)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (
            "//debian:lock",
            "the option `[lading].build_root` names debian:lock, which is a `debian_lock` target: "
            "name a `build_root`.",
        ),
        (
            "//debian:nope",
            "`[lading].build_root` is //debian:nope, which does not exist. Declare a ",
        ),
        ("//b", "the option `[lading].build_root` is //b, which does not exist. Declare a "),
    ],
)
def test_a_default_build_root_that_can_not_be(
    runner: RuleRunner, option: str, sentence: str
) -> None:
    runner.set_options([f"--lading-build-root={option}"])
    runner.write_files({"a/BUILD": 'store_package(name="x", version="1")'})
    with pytest.raises(Exception) as raised:
        derive(runner)
    assert sentence in str(raised.value)
