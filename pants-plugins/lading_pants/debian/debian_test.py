from __future__ import annotations

import json
from typing import Any

import pytest
from pants.core.util_rules import source_files
from pants.engine.addresses import Address, UnparsedAddressInputs
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import RuleRunner

from lading.debs.build_root import build_root_hash
from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading_pants.debian import debian
from lading_pants.debian.debian import BuildRoot, BuildRootRequest
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.engine import named_address, platform
from lading_pants.fetch.fetch_debian import FetchDebianTarget
from lading_pants.store import source
from lading_pants.store.build_root_target import BuildRootTarget
from lading_pants.store.source import StoreSource, StoreSourceRequest

LOCKED = {
    "bash": ("5.2-1", ["libc6"]),
    "gcc": ("12", ["libc6", "libgmp10"]),
    "libc6": ("2.36", []),
    "libgmp10": ("6.2", ["libc6"]),
    "unrelated": ("1", []),
}

BUILD = """
debian_lock(name="lock", suites=["bookworm"], architectures=["amd64", "arm64"])
build_root(name="root", debian_lock=":lock", debian_packages=["gcc"])
"""


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(debian, named_address, platform, source),
            *source_files.rules(),
            QueryRule(BuildRoot, [BuildRootRequest]),
            QueryRule(StoreSource, [StoreSourceRequest]),
        ],
        target_types=[BuildRootTarget, DebianLockTarget, FetchDebianTarget],
    )


def digest_of(name: str) -> Sha256:
    return Sha256(f"{len(name):064x}")


def lock(**changes: object) -> str:
    packages = {
        name: {
            "version": version,
            "architecture": "amd64",
            "filename": f"pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb",
            "sha256": digest_of(name).hex,
            "size": len(name),
            "depends": ", ".join(dependencies),
        }
        for name, (version, dependencies) in LOCKED.items()
    }
    fields: dict[str, Any] = {
        "version": 2,
        "resolve": "lock",
        "suites": ["bookworm"],
        "components": ["main"],
        "architectures": ["amd64", "arm64"],
        "released": {"bookworm": "20240210T000000Z"},
        "roots": ["gcc"],
        "packages": {"amd64": packages, "arm64": packages},
        **changes,
    }
    return json.dumps(fields)


def find_root(runner: RuleRunner, name: str = "root") -> BuildRoot:
    request = BuildRootRequest(
        Address("d", target_name=name), "`store_package` //a:b: `build_root`"
    )
    return runner.request(BuildRoot, [request])


def find_file(runner: RuleRunner, name: str) -> PinnedFile:
    inputs = UnparsedAddressInputs((f"d:{name}",), owning_address=None, description_of_origin="it")
    found = runner.request(StoreSource, [StoreSourceRequest(inputs, "a test")]).pinned
    assert found is not None
    return found


def sentence_of(runner: RuleRunner, name: str) -> str:
    with pytest.raises(Exception) as raised:
        find_root(runner, name)
    return str(raised.value)


def test_a_build_root_is_its_packages_and_what_they_depend_on(runner: RuleRunner) -> None:
    runner.write_files({"d/BUILD": BUILD, "d/lock.lock.json": lock()})
    root = find_root(runner)
    assert [file.name for file in root.files] == [
        "gcc_12_amd64.deb",
        "libc6_2.36_amd64.deb",
        "libgmp10_6.2_amd64.deb",
    ]
    assert root.files[1] == PinnedFile(
        name="libc6_2.36_amd64.deb",
        urls=(SourceUrl.parse("mirror://debian/pool/main/l/libc6/libc6_2.36_amd64.deb"),),
        sha256=digest_of("libc6"),
        size=5,
        snapshot="20240210T000000Z",
        resolve="lock",
    )
    assert root.hash == build_root_hash([file.sha256 for file in root.files], {}).hex
    assert dict(root.alternatives) == {}


def test_the_hash_is_over_packages_and_alternatives_only(runner: RuleRunner) -> None:
    other_roots = """
build_root(name="more", debian_lock=":lock", debian_packages=["libgmp10", "gcc", "libc6"])
build_root(name="awk", debian_lock=":lock", debian_packages=["gcc"], alternatives={"awk": "gawk"})
build_root(name="bash", debian_lock=":lock", debian_packages=["gcc", "bash"])
"""
    runner.write_files({"d/BUILD": BUILD + other_roots, "d/lock.lock.json": lock()})
    hashes = {name: find_root(runner, name).hash for name in ("root", "more", "awk", "bash")}
    assert hashes["root"] == hashes["more"]
    assert len(set(hashes.values())) == 3


def test_a_debian_package_is_named_by_its_target_or_by_a_field(runner: RuleRunner) -> None:
    targets = """
fetch_debian(name="libc6", debian_lock=":lock")
fetch_debian(name="other", package="libc6", debian_lock=":lock")
"""
    runner.write_files({"d/BUILD": BUILD + targets, "d/lock.lock.json": lock()})
    assert find_file(runner, "libc6") == find_file(runner, "other")
    assert find_file(runner, "libc6").name == "libc6_2.36_amd64.deb"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            'debian_lock=":lock", debian_packages=["gcc", "clang"]',
            "`build_root` d:bad: `clang` is not in the Debian lock `lock` for a",
        ),
        (
            'debian_lock=":lock", debian_packages=["tcc", "clang"]',
            "Run `./pants generate-lockfiles --resolve=lock` to add what the targets",
        ),
        (
            'debian_lock=":root", debian_packages=["gcc"]',
            "`build_root` d:bad: `debian_lock` names d:root, which is a `build_root` target: name "
            "a `debian_lock`.",
        ),
        ('debian_lock=":lok", debian_packages=["gcc"]', "The address d:lok from the `debian_lock`"),
        ('debian_lock="//e:lock", debian_packages=["gcc"]', "'e' does not exist on disk"),
    ],
)
def test_a_build_root_that_can_not_be(runner: RuleRunner, fields: str, sentence: str) -> None:
    bad = f'build_root(name="bad", {fields})'
    runner.write_files({"d/BUILD": BUILD + bad, "d/lock.lock.json": lock()})
    assert sentence in sentence_of(runner, "bad")


def test_another_target_is_no_build_root(runner: RuleRunner) -> None:
    runner.write_files({"d/BUILD": BUILD})
    assert (
        "`store_package` //a:b: `build_root` names d:lock, which is a `debian_lock` target: name a "
        "`build_root`."
    ) in sentence_of(runner, "lock")


def test_a_package_that_is_not_locked(runner: RuleRunner) -> None:
    target = 'fetch_debian(name="zlib1g", debian_lock=":lock")'
    runner.write_files({"d/BUILD": BUILD + target, "d/lock.lock.json": lock()})
    with pytest.raises(Exception) as raised:
        find_file(runner, "zlib1g")
    assert "`fetch_debian` d:zlib1g: `zlib1g` is not in the Debian lock `lock`" in str(raised.value)


def test_a_lock_that_is_not_there_yet(runner: RuleRunner) -> None:
    runner.write_files({"d/BUILD": BUILD})
    assert (
        "`debian_lock` d:lock: the lock d/lock.lock.json does not exist: run `./pants "
        "generate-lockfiles --resolve=lock`."
    ) in sentence_of(runner, "root")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<<<<<<<", "it is not JSON"),
        ("\xff", "it is not JSON"),
        (lock(version=1), "its format is version 1, but this Lading reads 2"),
        (
            lock(suites=["trixie"], released={"trixie": "20240210T000000Z"}),
            "`suites` is now `bookworm`",
        ),
        (lock(components=["main", "contrib"]), "`components` is now `main`"),
        (lock(packages={}), "`architectures` and `packages` do not match"),
    ],
    ids=lambda value: value[:40],
)
def test_a_lock_that_can_not_be_used(runner: RuleRunner, content: str, reason: str) -> None:
    runner.write_files({"d/BUILD": BUILD, "d/lock.lock.json": content.encode("latin-1")})
    sentence = sentence_of(runner, "root")
    assert "`debian_lock` d:lock: The Debian lock " in sentence
    assert reason in sentence
    assert "`./pants generate-lockfiles --resolve=" in sentence
