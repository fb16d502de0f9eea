from __future__ import annotations

import importlib.resources
import re

import pytest
from pants.core.goals.generate_lockfiles import (
    KnownUserResolveNames,
    KnownUserResolveNamesRequest,
    UserGenerateLockfiles,
)
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.debian.lock.lock_request import AskedPackage, LockRequest
from lading_pants.debian import debian_lock_goal as debian_lock
from lading_pants.debian.debian_lock_goal import (
    DebianVersion,
    GenerateDebianLock,
    KnownDebianLocksRequest,
    RequestedDebianLocks,
)
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.engine import machine, program
from lading_pants.errors import TargetError
from lading_pants.fetch.fetch_debian import FetchDebianTarget
from lading_pants.store.build_root_target import BuildRootTarget

USERS = """
build_root(name="one", debian_lock="//debian:bookworm", debian_packages=["gcc", "bash", "!perl"])
build_root(name="two", debian_lock="//debian:other", debian_packages=["clang"])
fetch_debian(name="libc6", debian_lock="//debian:bookworm")
fetch_debian(name="shell", package="bash", debian_lock="//debian:bookworm")
"""

LOCKS = """
debian_lock(
    name="bookworm",
    suites=["bookworm", "bookworm-updates"],
    architectures=["arm64", "amd64"],
    packages=["bubblewrap"],
)
debian_lock(
    name="other",
    suites=["sid"],
    components=["main", "contrib"],
    lockfile="sid.json",
    resolve="unstable",
)
"""


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *debian_lock.rules(),
            *collect_rules(machine, program),
            QueryRule(KnownUserResolveNames, [KnownDebianLocksRequest]),
            QueryRule(UserGenerateLockfiles, [RequestedDebianLocks]),
        ],
        target_types=[BuildRootTarget, DebianLockTarget, FetchDebianTarget],
    )


@pytest.fixture
def runner(runner: RuleRunner) -> RuleRunner:
    runner.write_files({"debian/BUILD": LOCKS, "src/BUILD": USERS})
    return runner


def requested(runner: RuleRunner, *resolves: str) -> UserGenerateLockfiles:
    return runner.request(UserGenerateLockfiles, [RequestedDebianLocks(resolves)])


def test_locks_are_known_by_their_resolve(runner: RuleRunner) -> None:
    known = runner.request(KnownUserResolveNames, [KnownDebianLocksRequest()])
    assert known.names == ("bookworm", "unstable")
    assert issubclass(KnownDebianLocksRequest, KnownUserResolveNamesRequest)


def test_roots_are_what_targets_with_the_lock_and_its_packages_ask_for(
    runner: RuleRunner,
) -> None:
    runner.write_files({"debian/bookworm.lock.json": "{}"})
    bookworm, unstable = requested(runner, "bookworm", "unstable")
    assert bookworm == GenerateDebianLock(
        resolve_name="bookworm",
        lockfile_dest="debian/bookworm.lock.json",
        diff=True,
        subject="`debian_lock` debian:bookworm",
        request=LockRequest(
            resolve="bookworm",
            suites=("bookworm", "bookworm-updates"),
            components=("main",),
            architectures=("amd64", "arm64"),
            lists=(("!perl", "bash", "gcc"), ("bash",), ("libc6",)),
            asked=(AskedPackage("bubblewrap"),),
            previous="{}",
        ),
    )
    assert unstable == GenerateDebianLock(
        resolve_name="unstable",
        lockfile_dest="debian/sid.json",
        diff=True,
        subject="`debian_lock` debian:other",
        request=LockRequest(
            resolve="unstable",
            suites=("sid",),
            components=("main", "contrib"),
            architectures=("amd64",),
            lists=(("clang",),),
        ),
    )


def test_only_what_is_requested_is_made(runner: RuleRunner) -> None:
    assert [one.resolve_name for one in requested(runner, "unstable")] == ["unstable"]


def test_two_locks_with_one_resolve_are_refused(runner: RuleRunner) -> None:
    runner.write_files({"more/BUILD": "debian_lock(name='bookworm', suites=['sid'])"})
    sentence = (
        "`debian_lock` more:bookworm: `resolve` is 'bookworm', which debian:bookworm uses too. "
        "Give one of them another name."
    )
    with engine_error(TargetError, contains=sentence):
        runner.request(KnownUserResolveNames, [KnownDebianLocksRequest()])


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ("suites=['sid']", "`debian_lock` more:more: No target asks for a package of this lock"),
        ("suites=[], packages=['curl']", "`debian_lock` more:more: `suites` is empty."),
        (
            "suites=['sid'], packages=['curl'], architectures=[]",
            "`debian_lock` more:more: `architectures` is empty.",
        ),
        ("suites=['sid'], packages=['a b']", "`debian_lock` more:more: `packages` has 'a b'. W"),
    ],
)
def test_refuses(runner: RuleRunner, fields: str, sentence: str) -> None:
    runner.write_files({"more/BUILD": f"debian_lock({fields})"})
    with engine_error(TargetError, contains=sentence):
        requested(runner, "more")


def test_options_say_what_may_change(runner: RuleRunner) -> None:
    runner.set_options(["--lading-upgrade=libssl*", "--lading-allow-older-index"])
    (unstable,) = requested(runner, "unstable")
    assert isinstance(unstable, GenerateDebianLock)
    assert unstable.request.upgrade == ("libssl*",)
    assert unstable.request.allow_older_index


@pytest.mark.parametrize("smaller, bigger", [("1.0~rc1", "1.0"), ("9", "1:0")])
def test_the_summary_of_changes_orders_versions_as_dpkg_does(smaller: str, bigger: str) -> None:
    assert DebianVersion(smaller) < DebianVersion(bigger)
    assert DebianVersion(bigger) > DebianVersion(smaller)


def test_every_requirement_of_the_program_is_pinned_with_hashes() -> None:
    text = importlib.resources.read_text("lading_pants.debian", "debian_lock.lock.txt")
    assert {"pysequoia", "requests", "resolvelib"} <= set(re.findall(r"^[\w-]+", text, re.M))
    for requirement in re.split(r"\n(?=\w)", text.partition("\n\n")[0])[1:]:
        assert "--hash=sha256:" in requirement
