from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pants.core.target_types import ResourceTarget
from pants.engine.addresses import Address, UnparsedAddressInputs
from pants.engine.fs import Digest, DigestContents
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from lading.store.derivation import SourceInput
from lading_pants.store.source import PatchFiles, PatchFilesRequest, StoreSource, StoreSourceRequest
from lading_pants.store.store_package_target import PatchesField
from lading_pants.store.store_package_testing import DebianMirror, make_runner

SHA256 = "1" * 64

BUILD = f"""
fetch_url(name="archive", url="https://a.example/x-1.tar.gz", sha256="{SHA256}")
fetch_url(name="tool", url="https://a.example/tool", sha256="{SHA256}", executable=True)
file(name="file", source="f.txt")
file(name="deep", source="t/u/v.txt")
resource(name="resource", source="f.txt")
files(name="one", sources=["f.t*"])
files(name="tree", sources=["t/**"])
files(name="outside", sources=["f.txt", "t/x"])
store_package(name="package", version="1")
"""

FILES = {
    "a/BUILD": BUILD,
    "a/f.txt": "f",
    "a/t/run.sh": "run",
    "a/t/x": "x",
    "a/t/u/v.txt": "v",
    "a/1.patch": "one",
    "a/2/b.patch": "b",
    "a/3/a.patch": "a",
}


@pytest.fixture
def runner(tmp_path: Path, debian_mirror: DebianMirror) -> RuleRunner:
    runner = make_runner(
        tmp_path,
        debian_mirror,
        mirror_url="file:///nowhere",
        rules=(
            QueryRule(DigestContents, [Digest]),
            QueryRule(PatchFiles, [PatchFilesRequest]),
            QueryRule(StoreSource, [StoreSourceRequest]),
        ),
        target_types=(ResourceTarget,),
    )
    runner.write_files(FILES)
    runner.chmod("a/t/run.sh", 0o755)
    return runner


def find(runner: RuleRunner, address: str) -> StoreSource:
    inputs = UnparsedAddressInputs(
        (address,), owning_address=Address("a"), description_of_origin="the `source` field"
    )
    return runner.request(
        StoreSource, [StoreSourceRequest(inputs, "`store_package` a:x: `source`")]
    )


def files_of(runner: RuleRunner, source: StoreSource) -> dict[str, str]:
    assert source.digest
    contents = runner.request(DigestContents, [source.digest])
    return {file.path: file.content.decode() for file in contents}


def test_a_fetched_file_is_known_by_its_digest(runner: RuleRunner) -> None:
    source = find(runner, ":archive")
    assert source.identity == SourceInput("x-1.tar.gz", f"sha256:{SHA256}")
    assert source.pinned and source.pinned.name == "x-1.tar.gz"
    assert (source.digest, source.is_tree, source.executables) == (None, False, ())


def test_a_fetched_program_can_be_run(runner: RuleRunner) -> None:
    source = find(runner, ":tool")
    assert source.identity == SourceInput("tool", f"executable:sha256:{SHA256}")
    assert source.executables == ("tool",)


def test_a_debian_package_is_known_by_the_lock(
    runner: RuleRunner, debian_mirror: DebianMirror
) -> None:
    source = find(runner, "//debian:programs")
    assert source.identity.digest == f"sha256:{debian_mirror.package.sha256.hex}"
    assert source.identity.name == debian_mirror.package.filename.rpartition("/")[2]


@pytest.mark.parametrize(
    ("target", "name", "content"),
    [
        ("file", "f.txt", "f"),
        ("resource", "f.txt", "f"),
        ("one", "f.txt", "f"),
        ("deep", "v.txt", "v"),
    ],
)
def test_a_single_file_has_its_own_name(
    runner: RuleRunner, target: str, name: str, content: str
) -> None:
    source = find(runner, f":{target}")
    assert (source.identity.name, source.is_tree) == (name, False)
    assert files_of(runner, source) == {name: content}


def test_several_files_are_a_tree_below_the_directory_of_their_target(runner: RuleRunner) -> None:
    source = find(runner, ":tree")
    assert (source.identity.name, source.is_tree) == ("tree", True)
    assert files_of(runner, source) == {"t/run.sh": "run", "t/u/v.txt": "v", "t/x": "x"}
    assert source.executables == ("t/run.sh",)


def test_a_tree_is_known_by_names_contents_and_the_executable_bit(runner: RuleRunner) -> None:
    first = find(runner, ":tree").identity
    runner.chmod("a/t/x", 0o755)
    second = find(runner, ":tree").identity
    runner.write_files({"a/t/x": "y"})
    third = find(runner, ":tree").identity
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("address", "named"), [(":package", "a:package"), ("//debian:root", "debian:root")]
)
def test_a_target_without_files_is_refused(runner: RuleRunner, address: str, named: str) -> None:
    with pytest.raises(Exception) as raised:
        find(runner, address)
    assert (
        f"`store_package` a:x: `source` names {named}, which has no files: name a `fetch_url`, a "
        "`fetch_debian`, or a target with sources such as `files`."
    ) in str(raised.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "f.txt",
            "f.txt, which is a file and not a target. Declare one that has it, such as "
            '`file(name="x", source="f.txt")`, and write `:x`.',
        ),
        ("tree", "tree, which does not exist. Did you mean :tree?"),
    ],
)
def test_what_is_no_target_is_named(runner: RuleRunner, address: str, expected: str) -> None:
    with pytest.raises(Exception) as raised:
        find(runner, address)
    assert f"`store_package` a:x: `source` refers to {expected}" in str(raised.value)


def test_patches_are_in_the_order_of_their_names(runner: RuleRunner) -> None:
    field = PatchesField(["**/*.patch"], Address("a"))
    patches = runner.request(PatchFiles, [PatchFilesRequest((field,))])
    assert patches.paths == ("a/1.patch", "a/3/a.patch", "a/2/b.patch")
    assert patches.identities == tuple(
        SourceInput(name, f"sha256:{hashlib.sha256(content).hexdigest()}")
        for name, content in (("1.patch", b"one"), ("a.patch", b"a"), ("b.patch", b"b"))
    )


def test_patches_of_several_fields_are_in_the_order_of_the_fields(runner: RuleRunner) -> None:
    fields = tuple(PatchesField([name], Address("a")) for name in ("2/b.patch", "1.patch"))
    patches = runner.request(PatchFiles, [PatchFilesRequest(fields)])
    assert patches.paths == ("a/2/b.patch", "a/1.patch")


def test_no_patches(runner: RuleRunner) -> None:
    patches = runner.request(PatchFiles, [PatchFilesRequest(())])
    assert (patches.paths, patches.identities) == ((), ())
