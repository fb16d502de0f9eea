"""Every kind of target whose files an image may have, except those that need other programs."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest
from pants.backend.adhoc import run_system_binary
from pants.backend.adhoc.target_types import SystemBinaryTarget
from pants.backend.shell.target_types import ShellCommandTarget
from pants.backend.shell.util_rules import shell_command
from pants.core import target_types as core_targets
from pants.core.util_rules import archive, source_files
from pants.engine.addresses import Address
from pants.engine.fs import Digest, DigestContents, DigestEntries, FileEntry, SymlinkEntry
from pants.engine.rules import collect_rules
from pants.testutil.rule_runner import PYTHON_BOOTSTRAP_ENV, QueryRule, RuleRunner

from lading_pants.engine import requested_goals, target_files
from lading_pants.engine.target_files import TargetFiles, TargetFilesRequest

BUILD = """
file(name="file", source="a.txt")
files(name="files", sources=["**/*.txt"])
resource(name="resource", source="a.txt")
resources(name="resources", sources=["**/*.txt"])
relocated_files(name="relocated", files_targets=[":b"], src="src/deep", dest="src/moved")
file(name="b", source="deep/b.txt")
archive(name="tar", format="tar.gz", files=[":files"])
archive(name="zip", format="zip", files=[":files"], output_path="named.zip")
system_binary(name="cp", binary_name="cp")
shell_command(
    name="one",
    command="cp a.txt made.txt; chmod a+x made.txt",
    tools=["chmod", "cp"],
    execution_dependencies=[":file"],
    output_files=["made.txt"],
)
shell_command(
    name="many",
    command="mkdir -p out/deep; cp a.txt out/deep/made.txt",
    tools=["cp", "mkdir"],
    execution_dependencies=[":file"],
    output_directories=["out"],
)
shell_command(
    name="of-made",
    command="cat made.txt made.txt > twice.txt",
    tools=["cat"],
    execution_dependencies=[":one"],
    output_files=["twice.txt"],
)
archive(name="of-made-files", format="tar", files=[":one"])
"""

TWO = {"a.txt": b"a\n", "deep/b.txt": b"b\n"}


@pytest.fixture(scope="module")
def module_runner() -> RuleRunner:
    return RuleRunner(
        rules=[
            *archive.rules(),
            *core_targets.rules(),
            *run_system_binary.rules(),
            *shell_command.rules(),
            *source_files.rules(),
            *target_files.rules(),
            *collect_rules(requested_goals),
            QueryRule(DigestEntries, [Digest]),
            QueryRule(TargetFiles, [TargetFilesRequest]),
        ],
        target_types=[
            core_targets.ArchiveTarget,
            core_targets.FilesGeneratorTarget,
            core_targets.FileTarget,
            core_targets.RelocatedFiles,
            core_targets.ResourcesGeneratorTarget,
            core_targets.ResourceTarget,
            ShellCommandTarget,
            SystemBinaryTarget,
        ],
        isolated_local_store=True,
    )


@pytest.fixture
def runner(runner: RuleRunner) -> RuleRunner:
    runner.set_options([], env_inherit=PYTHON_BOOTSTRAP_ENV)
    runner.write_files({"src/a.txt": "a\n", "src/deep/b.txt": "b\n", "src/BUILD": BUILD})
    return runner


def files(runner: RuleRunner, name: str) -> dict[str, bytes]:
    """The contents by path."""
    request = TargetFilesRequest(Address("src", target_name=name), "the test")
    found = runner.request(TargetFiles, [request])
    contents = runner.request(DigestContents, [found.digest])
    return {file.path: file.content for file in contents}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("file", {"a.txt": b"a\n"}),
        ("files", TWO),
        ("resource", {"a.txt": b"a\n"}),
        ("resources", TWO),
        ("one", {"made.txt": b"a\n"}),
        ("many", {"out/deep/made.txt": b"a\n"}),
        ("of-made", {"twice.txt": b"a\na\n"}),
        ("relocated", {"src/moved/b.txt": b"b\n"}),
    ],
)
def test_sources_and_what_commands_make(
    runner: RuleRunner, name: str, expected: dict[str, bytes]
) -> None:
    assert files(runner, name) == expected


def link(runner: RuleRunner, path: str, target: str) -> None:
    os.symlink(target, os.path.join(runner.build_root, "src", path))


def entries(runner: RuleRunner, name: str) -> dict[str, str]:
    """The kind of each path: "file", or where a link leads."""
    request = TargetFilesRequest(Address("src", target_name=name), "`files` gives '/x/' :files")
    found = runner.request(TargetFiles, [request])
    listed = runner.request(DigestEntries, [found.digest])
    return {
        entry.path: entry.target if isinstance(entry, SymlinkEntry) else "file" for entry in listed
    }


def test_links_to_other_sources_stay_links(runner: RuleRunner) -> None:
    link(runner, "latest.txt", "a.txt")
    link(runner, "deep/up.txt", "../a.txt")
    link(runner, "newest", "deep")
    assert entries(runner, "files") == {
        "a.txt": "file",
        "deep/b.txt": "file",
        "deep/up.txt": "../a.txt",
        "latest.txt": "a.txt",
        "newest": "deep",
    }


def test_links_that_lead_out_of_the_sources_are_copies(runner: RuleRunner) -> None:
    runner.write_files({"shared/c.txt": "c\n", "src/c.md": "c\n"})
    link(runner, "outside.txt", "../shared/c.txt")
    link(runner, "other.txt", "c.md")
    assert entries(runner, "files") == {
        "a.txt": "file",
        "deep/b.txt": "file",
        "other.txt": "file",
        "outside.txt": "file",
    }
    assert files(runner, "files")["outside.txt"] == b"c\n"


def test_a_dangling_link_among_the_sources_is_an_error(runner: RuleRunner) -> None:
    link(runner, "deep/gone.md", "nowhere")
    assert set(entries(runner, "files")) == {"a.txt", "deep/b.txt"}
    link(runner, "deep/gone.txt", "nowhere")
    runner.set_options([], env_inherit=PYTHON_BOOTSTRAP_ENV)  # This begins a new session.
    with pytest.raises(Exception) as error:
        files(runner, "files")
    assert (
        "whose sources include the link src/deep/gone.txt to 'nowhere', which does not exist."
        in str(error.value)
    )


def test_archives_are_one_file(runner: RuleRunner) -> None:
    ((path, data),) = files(runner, "tar").items()
    assert path == "tar.tar.gz"
    assert tarfile.open(fileobj=io.BytesIO(data)).getnames() == ["src/a.txt", "src/deep/b.txt"]
    ((path, data),) = files(runner, "zip").items()
    assert path == "named.zip"
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["src/a.txt", "src/deep/b.txt"]
    ((path, data),) = files(runner, "of-made-files").items()
    assert tarfile.open(fileobj=io.BytesIO(data)).getnames() == ["src/made.txt"]


def test_programs_that_commands_make_are_programs(runner: RuleRunner) -> None:
    found = runner.request(
        TargetFiles, [TargetFilesRequest(Address("src", target_name="one"), "the test")]
    )
    (entry,) = runner.request(DigestEntries, [found.digest])
    assert isinstance(entry, FileEntry) and entry.is_executable


def test_a_target_without_files_has_none(runner: RuleRunner) -> None:
    assert files(runner, "cp") == {}
