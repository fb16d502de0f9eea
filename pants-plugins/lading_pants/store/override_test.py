from __future__ import annotations

from typing import Any, Type

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.core.target_types import FileTarget
from pants.core.util_rules import source_files
from pants.engine.addresses import Address, Addresses
from pants.engine.rules import collect_rules, rule
from pants.engine.target import DependenciesRequest, SpecialCasedDependencies
from pants.testutil.rule_runner import QueryRule, RuleRunner
from pants.util.frozendict import FrozenDict

from lading.debian.lock.lock import DebianLock
from lading.store.derivation import Derivation
from lading_pants.debian.debian import BuildRoot, BuildRootRequest, DebianLockRequest
from lading_pants.engine import bubblewrap, machine, named_address, platform, program
from lading_pants.fetch import fetch
from lading_pants.fetch.fetch_url import FetchUrlTarget
from lading_pants.store import derivation, override, realise, source, store_package
from lading_pants.store.build_root_target import BuildRootTarget
from lading_pants.store.derivation import StoreDerivation, StorePackageRequest
from lading_pants.store.override import OverrideChain, OverrideChainRequest
from lading_pants.store.realise import StorePackagesRequest, StorePaths
from lading_pants.store.store_package_target import (
    AllowedReferencesField,
    StoreDependenciesField,
    StorePackageTarget,
)
from lading_pants.store.store_script_target import StoreScriptTarget

BASE = Address("base", target_name="redis")
OTHER = Address("other", target_name="mine")

BASE_FILES = {
    "3rdparty/BUILD": "".join(
        f'store_package(name="{name}", version="1")\n' for name in ("glibc", "zlib", "openssl")
    ),
    "base/BUILD": """
file(name="further", source="further.txt")
file(name="source", source="source.txt")
build_root(name="root", debian_lock=":lock", debian_packages=["gcc"])
store_package(
    name="redis",
    version="7",
    source=":source",
    sources=[":further"],
    patches=["b.patch", "a.patch"],
    script="make base",
    dependencies=["3rdparty:glibc"],
    build_root=":root",
    env={"A": "base", "B": "base"},
    strip="debug",
    allowed_references=["3rdparty:glibc"],
)
""",
    "base/source.txt": "source",
    "base/further.txt": "further",
    "base/a.patch": "base a",
    "base/b.patch": "base b",
}


@rule
async def build_root_without_lock(request: BuildRootRequest) -> BuildRoot:
    return BuildRoot((), FrozenDict(), f"hash of {request.address}", "")


@rule
async def no_lock(request: DebianLockRequest) -> DebianLock:
    raise AssertionError(f"no target of these tests names a `fetch_debian`: {request}")


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(bubblewrap, derivation, fetch, machine, named_address),
            *override.rules(),
            *collect_rules(platform, program),
            *PythonRepos.rules(),
            *collect_rules(realise, source),
            *source_files.rules(),
            *store_package.rules(),
            build_root_without_lock,
            no_lock,
            QueryRule(Addresses, [DependenciesRequest]),
            QueryRule(OverrideChain, [OverrideChainRequest]),
            QueryRule(StoreDerivation, [StorePackageRequest]),
            QueryRule(StorePaths, [StorePackagesRequest]),
        ],
        target_types=[
            BuildRootTarget,
            FetchUrlTarget,
            FileTarget,
            StorePackageTarget,
            StoreScriptTarget,
        ],
    )


@pytest.fixture
def runner(runner: RuleRunner) -> RuleRunner:
    runner.set_options(["--lading-build-root=base:root"])
    return runner


def other(runner: RuleRunner, fields: str, more: str = "") -> None:
    """Write the package `other:mine`, which overrides `base:redis`."""
    runner.write_files(
        {
            **BASE_FILES,
            "other/BUILD": f'store_package(name="mine", override="//base:redis", {fields})\n{more}',
            "other/a.patch": "other a",
        }
    )


def derive(runner: RuleRunner, address: Address) -> Derivation:
    request = StorePackageRequest(address, "a test")
    return runner.request(StoreDerivation, [request]).derivation


def dependencies(runner: RuleRunner, address: Address, special_cased: bool = False) -> list[str]:
    field = runner.get_target(address)[StoreDependenciesField]
    request = DependenciesRequest(field, include_special_cased_deps=special_cased)
    return [str(found) for found in runner.request(Addresses, [request])]


def test_without_fields_of_its_own_it_is_the_same_package(runner: RuleRunner) -> None:
    other(runner, "")
    assert derive(runner, OTHER) == derive(runner, BASE)
    assert derive(runner, OTHER).store_name == "redis-7"
    assert derive(runner, OTHER).build_root == "hash of base:root"


def test_what_is_named_takes_the_place_of_what_is_there(runner: RuleRunner) -> None:
    other(
        runner,
        """
        version="2.8", source=":mine-source", sources=[], script="make other", env={"B": "other"},
        patches=["a.patch"], dependencies=["3rdparty:zlib"], strip="none"
        """,
        'file(name="mine-source", source="a.patch")',
    )
    base, mine = derive(runner, BASE), derive(runner, OTHER)
    assert mine.store_name == "redis-2.8"
    assert [source.name for source in (*base.sources, *mine.sources)] == ["source.txt", "a.patch"]
    assert mine.further_sources == ()
    assert mine.script == "make other"
    assert mine.env == (("B", "other"),)
    assert [patch.name for patch in mine.patches] == ["a.patch"]
    assert mine.patches[0] != base.patches[0]
    assert [path.name for path in mine.dependencies] == ["zlib-1"]
    assert (base.strip, mine.strip) == ("debug", "none")
    assert mine.build_root == base.build_root


def test_what_extends_is_added_to_what_is_there(runner: RuleRunner) -> None:
    other(
        runner,
        """
        extend=["env", "patches", "dependencies", "sources", "allowed_references"],
        env={"B": "other", "C": "other"}, patches=["a.patch"], dependencies=["3rdparty:zlib"],
        sources=[":mine-source"], allowed_references=["3rdparty:zlib"],
        """,
        'file(name="mine-source", source="a.patch")',
    )
    base, mine = derive(runner, BASE), derive(runner, OTHER)
    assert mine.env == (("A", "base"), ("B", "other"), ("C", "other"))
    assert [patch.name for patch in mine.patches] == ["a.patch", "b.patch", "a.patch"]
    assert mine.patches[:2] == base.patches
    assert [source.name for source in mine.further_sources] == ["further.txt", "a.patch"]
    assert {path.name for path in mine.dependencies} == {"glibc-1", "zlib-1"}
    chain = runner.request(OverrideChain, [OverrideChainRequest(OTHER)])
    assert _values(chain, AllowedReferencesField) == [("3rdparty:glibc",), ("3rdparty:zlib",)]


def _values(chain: OverrideChain, field_type: Type[SpecialCasedDependencies]) -> list[Any]:
    return [field.value for field in chain.fields(field_type)]


def test_overrides_of_overrides(runner: RuleRunner) -> None:
    other(
        runner,
        'package_name="kv", extend=["env"], env={"B": "middle"}, dependencies=[]',
        """
store_package(
    name="top", override=":mine", version="8", extend=["env", "dependencies"],
    env={"C": "top"}, dependencies=["3rdparty:openssl"],
)
store_package(name="plain", override=":top", env={}, version="9")
""",
    )
    top = derive(runner, Address("other", target_name="top"))
    assert top.store_name == "kv-8"
    assert top.script == "make base"
    assert top.env == (("A", "base"), ("B", "middle"), ("C", "top"))
    assert [path.name for path in top.dependencies] == ["openssl-1"]
    plain = derive(runner, Address("other", target_name="plain"))
    assert plain.env == () and plain.dependencies == top.dependencies


def test_pants_knows_the_overridden_and_its_dependencies(runner: RuleRunner) -> None:
    other(runner, 'extend=["dependencies"], dependencies=["3rdparty:zlib"]')
    assert dependencies(runner, OTHER) == ["3rdparty:glibc", "3rdparty:zlib"]
    assert dependencies(runner, OTHER, special_cased=True) == [
        "3rdparty:glibc",
        "3rdparty:zlib",
        "base:redis",
    ]
    other(runner, "dependencies=[]")
    assert dependencies(runner, OTHER) == []


@pytest.mark.parametrize(
    "build, message",
    [
        (
            'store_package(name="a", override="//base:reds")',
            "`store_package` other:a: `override` refers to //base:reds, which does not exist. Did "
            "you mean //base:redis?",
        ),
        (
            'store_package(name="a", override="//base:source")',
            "`store_package` other:a: `override` refers to //base:source, which is a `file` target "
            "and not a store package: name a `store_package` or `store_script`.",
        ),
        (
            """
store_package(name="a", override=":script")
store_script(name="script", text="#!/bin/sh")
""",
            "`store_package` other:a: `override` names other:script, which is a `store_script` "
            "target: only a `store_package` can be overridden.",
        ),
        (
            'store_package(name="a", override=":a", version="1")',
            "`store_package` other:a: `override` forms a cycle: other:a -> other:a. Remove",
        ),
        (
            """
store_package(name="a", override=":b", version="1")
store_package(name="b", override=":c", version="1")
store_package(name="c", override=":b", version="1")
""",
            "`override` forms a cycle: other:b -> other:c -> other:b. Remove",
        ),
        (
            """
store_package(name="a", override=":b")
store_package(name="b")
""",
            "`store_package` other:a: `version` is not set, nor in the package that `override` "
            "names: write",
        ),
        ('store_package(name="a")', "`store_package` other:a: `version` is not set: write"),
        (
            'store_package(name="a", version="1", extend=["env"], env={})',
            "`store_package` other:a: `extend` is set, but `override` names no package",
        ),
        (
            'store_package(name="a", override="//base:redis", extend=["env"])',
            "`store_package` other:a: `extend` has 'env', but `env` is not set",
        ),
        (
            'store_package(name="a", override="//base:redis", extend=["version"])',
            "must be one of ['allowed_references', 'dependencies'",
        ),
        (
            'store_package(name="a", override="//base:redis", patches=["gone.patch"])',
            "`patches` of other:a names other/gone.patch, which does not exist: correct",
        ),
        (
            'store_package(name="a", override=["//base:redis"])',
            "must be the address of a target (a string), but was `['//base:redis']`",
        ),
    ],
)
def test_mistakes(runner: RuleRunner, build: str, message: str) -> None:
    runner.write_files({**BASE_FILES, "other/BUILD": build})
    with pytest.raises(Exception) as error:
        derive(runner, Address("other", target_name="a"))
    assert message in str(error.value)


def test_a_package_that_needs_what_overrides_it(runner: RuleRunner) -> None:
    # It then needs itself, since it has the same dependencies.
    runner.write_files(
        {
            **BASE_FILES,
            "other/BUILD": """
store_package(name="a", version="1", dependencies=[":b"])
store_package(name="b", override=":a", version="2")
""",
        }
    )
    with pytest.raises(Exception, match="`dependencies` form a cycle: other:b -> other:b"):
        request = StorePackagesRequest((Address("other", target_name="a"),), "a test")
        runner.request(StorePaths, [request])
