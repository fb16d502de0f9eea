"""Store packages, really built: see `store_package_testing`."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import pytest
from pants.engine.addresses import Address
from pants.engine.fs import Digest, DigestContents
from pants.engine.internals.native_engine import PyStubCAS
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import EXECUTOR, RuleRunner

from lading.store.package import StorePackage
from lading.values.path import StorePath
from lading_pants.errors import TargetError
from lading_pants.store.realise import (
    MEMBERS_FILE,
    PACKAGE_FILE,
    SEGMENT_FILE,
    ClosureMember,
    StoreClosure,
    StorePackagesRequest,
    StorePaths,
    check_result,
)
from lading_pants.store.store_package_testing import DebianMirror, make_runner

RULES = (
    QueryRule(DigestContents, [Digest]),
    QueryRule(StoreClosure, [StorePackagesRequest]),
    QueryRule(StorePaths, [StorePackagesRequest]),
)

#: Makes a runner on a new machine, with other keyword arguments of `make_runner`.
NewMachine = Callable[..., RuleRunner]


@pytest.fixture
def new_machine(tmp_path: Path, debian_mirror: DebianMirror) -> NewMachine:
    number = 0

    def new_machine(**keywords: object) -> RuleRunner:
        nonlocal number
        number += 1
        caches = tmp_path / f"machine-{number}"
        return make_runner(caches, debian_mirror, rules=RULES, **keywords)  # type: ignore[arg-type]

    return new_machine


@pytest.fixture
def runner(new_machine: NewMachine) -> RuleRunner:
    return new_machine()


def request(*names: str) -> StorePackagesRequest:
    return StorePackagesRequest(tuple(Address("a", target_name=name) for name in names), "a test")


def build(runner: RuleRunner, *names: str) -> StoreClosure:
    return runner.request(StoreClosure, [request(*names)])


def names_of(closure: StoreClosure) -> list[str]:
    return sorted(member.package.path.name for member in closure.members)


CHAIN = """
store_package(name="deep", version="1", script="echo deep > $out/x")
store_package(
    name="lib", version="2", dependencies=[":deep"], script="echo $deep > $out/x"
)
store_package(name="tool", version="3", script="mkdir $out/bin; touch $out/bin/tool")
store_package(
    name="app",
    version="4",
    dependencies=[":tool", ":lib"],
    script="cat $lib/x > $out/x; echo $lib > $out/y",
)
"""


def test_a_closure_is_what_is_referred_to(runner: RuleRunner) -> None:
    runner.write_files({"a/BUILD": CHAIN})
    closure = build(runner, "app")
    assert names_of(closure) == ["app-4", "deep-1", "lib-2"]
    (app,) = closure.roots
    assert [path.name for path in sorted(app.package.references, key=lambda path: path.name)] == [
        "deep-1",
        "lib-2",
    ]
    members = list(closure.members)
    assert members == sorted(members, key=lambda member: member.package.path)


def test_pants_20674_a_package_has_three_files(runner: RuleRunner) -> None:
    """pants#20822, pants#22246: Pants has no tree to check"""
    runner.write_files({"a/BUILD": CHAIN})
    (deep,) = build(runner, "deep").roots
    contents = {file.path: file.content for file in runner.request(DigestContents, [deep.digest])}
    assert sorted(contents) == sorted([SEGMENT_FILE, PACKAGE_FILE, MEMBERS_FILE])
    assert contents[SEGMENT_FILE].startswith(str(deep.package.path)[1:].encode())


def test_several_roots_keep_their_order(runner: RuleRunner) -> None:
    runner.write_files({"a/BUILD": CHAIN})
    closure = build(runner, "tool", "deep")
    assert [root.package.path.name for root in closure.roots] == ["tool-3", "deep-1"]
    assert names_of(closure) == ["deep-1", "tool-3"]


def test_pants_22390_paths_are_known_before_anything_is_built(
    new_machine: NewMachine, tmp_path: Path
) -> None:
    runner = new_machine(mirror_url="file:///nowhere")
    runner.write_files({"a/BUILD": CHAIN})
    app = StorePackagesRequest((Address("a", target_name="app"),), "a test")
    (path,) = runner.request(StorePaths, [app]).paths
    other = new_machine()
    other.write_files({"a/BUILD": CHAIN})
    assert build(other, "app").roots[0].package.path == path


def make_archive(directory: Path) -> Path:
    with tarfile.open(directory / "redis-7.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("redis-7/x")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"one\n"))
    return directory / "redis-7.tar.gz"


def files_of(runner: RuleRunner, member: ClosureMember) -> dict[str, str]:
    """Content by path below the package."""
    contents = {file.path: file.content for file in runner.request(DigestContents, [member.digest])}
    found = {}
    with tarfile.open(fileobj=io.BytesIO(contents[SEGMENT_FILE])) as segment:
        for info in segment:
            file = segment.extractfile(info)
            if file is not None:
                found[info.name.split("/", 2)[2]] = file.read().decode()
    return found


SOURCES = """
fetch_url(name="source", url="file:{path}", sha256="{sha256}")
files(name="conf", sources=["conf/**"])
file(name="run", source="run.sh")
store_package(
    name="redis",
    version="7",
    source=":source",
    sources=[":conf", ":run"],
    patches=["*.patch"],
    script='''
        cp x $out/patched
        cat $sources/conf/conf/a $sources/conf/conf/b > $out/conf
        $sources/run.sh > $out/run
    ''',
    env={{"WORD": "hello"}},
)
"""


def test_sources_are_fetched_laid_out_and_patched(runner: RuleRunner, tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    runner.write_files(
        {
            "a/BUILD": SOURCES.format(path=archive, sha256=sha256),
            "a/conf/a": "a",
            "a/conf/b": "b",
            "a/run.sh": "echo $WORD",
            "a/2.patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-two\n+three\n",
            "a/1.patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n",
        }
    )
    runner.chmod("a/run.sh", 0o755)
    (redis,) = build(runner, "redis").roots
    assert files_of(runner, redis) == {"conf": "ab", "patched": "three\n", "run": "hello\n"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ('script="false"', "`script` failed (status 1). The log is empty."),
        ('script="true"', "`script` wrote nothing to $out: make it install"),
        ('script="touch $out/x; mkfifo $out/y"', "'y' is a pipe, which a package can't contain"),
        (
            'script="echo $deep > $out/x", allowed_references=[]',
            "-deep-1, which the package refers to in 'x': add its target, or remove the reference",
        ),
        (
            'script="cat $lib/x > $out/x", disallowed_references=[":deep"]',
            "`disallowed_references` forbids /store/",
        ),
        (
            'script="echo $lib > $out/x", disallowed_references=[":deep"]',
            "`disallowed_references` forbids /store/",
        ),
        (
            'script="echo 12345 > $out/x", max_closure_size=5',
            "`max_closure_size` is 5 bytes, but the closure has 6 (largest: bad-1 6)",
        ),
        (
            'script="touch $out/x", allowed_references=["//debian:root"]',
            "`allowed_references` names debian:root, which is a `build_root` target and not",
        ),
    ],
)
def test_a_package_that_breaks_a_rule_is_told_with_its_target(
    runner: RuleRunner, fields: str, sentence: str
) -> None:
    bad = f'store_package(name="bad", version="1", dependencies=[":lib", ":deep"], {fields})'
    runner.write_files({"a/BUILD": CHAIN + bad})
    with pytest.raises(Exception) as raised:
        build(runner, "bad")
    assert "`store_package` a:bad: " in str(raised.value)
    assert sentence in str(raised.value)


def test_references_that_are_allowed_are_kept(runner: RuleRunner) -> None:
    fields = 'allowed_references=[":deep"], disallowed_references=[":tool"], max_closure_size=1000'
    good = f"""store_package(
        name="good", version="1", dependencies=[":deep", ":tool"], {fields},
        script="echo $deep $out > $out/x",
    )"""
    runner.write_files({"a/BUILD": CHAIN + good})
    assert names_of(build(runner, "good")) == ["deep-1", "good-1"]


def test_a_change_rebuilds_what_depends_on_it_and_nothing_else(
    runner: RuleRunner, tmp_path: Path
) -> None:
    runner.write_files({"a/BUILD": CHAIN})
    before = build(runner, "app", "tool")
    runner.write_files({"a/BUILD": CHAIN.replace("echo deep", "echo deeper")})
    after = build(runner, "app", "tool")
    assert before.roots[1] == after.roots[1]
    logs = [log.name.partition("-")[2] for log in tmp_path.glob("machine-1/lading/logs/*")]
    assert sorted(logs) == sorted(["app-4.log", "deep-1.log", "lib-2.log"] * 2 + ["tool-3.log"])


def test_what_one_machine_has_built_another_takes_from_the_remote_cache(
    new_machine: NewMachine, tmp_path: Path
) -> None:
    """They differ in everything that machines may differ in, and one can't fetch."""
    cas = PyStubCAS.builder().build(EXECUTOR)
    remote = (
        "--remote-cache-read",
        "--remote-cache-write",
        f"--remote-store-address={cas.address.replace('http://', 'grpc://')}",
    )
    one = new_machine(bootstrap_arguments=remote, environment={"HOME": "/home/one"})
    two = new_machine(
        bootstrap_arguments=remote,
        environment={"HOME": "/home/two", "HTTPS_PROXY": "http://proxy.example", "LANG": "C"},
        mirror_url="file:///nowhere",
    )
    for machine in (one, two):
        machine.write_files({"a/BUILD": CHAIN})
    built = build(one, "app")
    one.scheduler.wait_for_tail_tasks(10.0)
    assert build(two, "app") == built
    # It has unpacked and run nothing.
    caches = [sorted(path.name for path in tmp_path.glob(f"machine-{n}/lading/*")) for n in (1, 2)]
    assert caches == [["downloads", "logs", "packages", "roots", "users.lock"], []]


@pytest.mark.parametrize("wrong", ["path", "segment", "nothing"])
def test_what_a_cache_has_instead_of_a_package_is_refused(wrong: str) -> None:
    path, other = (StorePath(letter * 32, "hello-1") for letter in "01")
    target = SimpleNamespace(subject="`store_package` //a")
    built = SimpleNamespace(target=target, path=path)
    package = StorePackage(other if wrong == "path" else path, (), (), "1" * 64, 1, 1)
    files = {"path": "1" * 64, "segment": "2" * 64, "nothing": None}
    with pytest.raises(TargetError, match="^`store_package` //a: a cache of Pants has"):
        check_result(built, package, {SEGMENT_FILE: files[wrong]})  # type: ignore[arg-type,dict-item]
