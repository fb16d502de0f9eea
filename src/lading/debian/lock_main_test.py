import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lading.debian.archive import Archive
from lading.debian.archive_testing import TestArchive, packages_file, paragraph
from lading.debian.lock import DebianLock
from lading.debian.lock_main import make_lock
from lading.debian.lock_request import LockRequest
from lading.machine import Machine
from lading.program import USER_ERROR, error_sentence

REQUEST = LockRequest(
    resolve="bookworm",
    suites=("bookworm", "bookworm-security"),
    components=("main",),
    architectures=("arm64", "amd64"),
    roots=("bash",),
)


@pytest.fixture
def seen(tmp_path: Path) -> Archive:
    published = TestArchive(tmp_path / "archive")
    old = packages_file(paragraph("bash", "1.0", Depends="libc6"), paragraph("libc6"))
    published.suite("bookworm", {"main/amd64": old, "main/arm64": old})
    published.fields["Date"] = "Sun, 12 Jul 2026 12:00:00 +0200"
    new = packages_file(paragraph("bash", "1.0+u1", Depends="libc6"))
    published.suite("bookworm-security", {"main/amd64": new, "main/arm64": b""})
    apt = tmp_path / "apt"
    (apt / "trusted.gpg.d").mkdir(parents=True)
    (apt / "trusted.gpg.d" / "archive.asc").write_text(published.keyring)
    machine = Machine({}, debian_mirrors=(published.url,))
    return Archive(machine, apt, tmp_path / "keyrings")


def test_locks_each_architecture_from_all_suites(seen: Archive) -> None:
    lock = make_lock(REQUEST, seen)
    assert lock.architectures == ("amd64", "arm64")
    assert lock.timestamp == "20260712T100000Z", "that of the youngest suite, in UTC"
    versions = {
        architecture: {package.name: package.version for package in packages}
        for architecture, packages in lock.packages.items()
    }
    assert versions == {
        "amd64": {"bash": "1.0+u1", "libc6": "1.0"},
        "arm64": {"bash": "1.0", "libc6": "1.0"},
    }
    assert DebianLock.from_json(lock.to_json()) == lock
    assert seen.machine.debian_mirrors[0] not in lock.to_json()


def test_a_lock_changes_only_if_its_packages_do(seen: Archive) -> None:
    lock = make_lock(REQUEST, seen)
    older = replace(lock, timestamp="20200101T000000Z")
    assert make_lock(replace(REQUEST, previous=older.to_json()), seen) == older
    other = replace(older, roots=("libc6",))
    assert make_lock(replace(REQUEST, previous=other.to_json()), seen) == lock
    assert make_lock(replace(REQUEST, previous="<<<<<<< HEAD"), seen) == lock


def test_rules_apko_69_apko_1654_a_root_that_was_not_asked_for_is_not_there(seen: Archive) -> None:
    lock = make_lock(replace(REQUEST, roots=("libc6",)), seen)
    assert [package.name for package in lock.packages["amd64"]] == ["libc6"]


def test_the_program_fails_with_a_sentence_and_writes_nothing(tmp_path: Path) -> None:
    fields = {**asdict(REQUEST), "suites": []}
    (tmp_path / "request.json").write_text(json.dumps(fields))
    result = subprocess.run(
        [sys.executable, "-B", "-m", "lading.debian.lock_main", "request.json", "lock.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert result.returncode == USER_ERROR
    assert error_sentence(result.stderr) == "`suites` is empty. Name at least one."
    assert not (tmp_path / "lock.json").exists()
