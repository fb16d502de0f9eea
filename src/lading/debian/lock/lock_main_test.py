import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

import pytest

from lading.debian.lock.archive import Archive
from lading.debian.lock.archive_testing import TestArchive, packages_file, paragraph
from lading.debian.lock.lock import DebianLock
from lading.debian.lock.lock_main import make_lock
from lading.debian.lock.lock_request import AskedPackage, LockRequest
from lading.debian.lock.locked_packages import locked_closure
from lading.runtime.machine import Machine
from lading.runtime.program import USER_ERROR, error_sentence
from lading.values.errors import LadingError

REQUEST = LockRequest(
    resolve="bookworm",
    suites=("bookworm", "bookworm-security"),
    components=("main",),
    architectures=("arm64", "amd64"),
    lists=(("bash",),),
)


@dataclass
class Mirror:
    """An archive with two suites for amd64 and arm64, and a machine that uses it."""

    published: TestArchive
    archive: Archive

    def publish(self, date: str, *paragraphs: str, suite: str = "bookworm") -> None:
        self.published.fields["Date"] = f"Sun, {date} 2026 12:00:00 +0200"
        content = packages_file(*paragraphs)
        self.published.suite(suite, {"main/amd64": content, "main/arm64": content})

    def lock(self, previous: Optional[DebianLock] = None, **changes: Any) -> DebianLock:
        text = previous.to_json() if previous else changes.pop("previous_text", None)
        return make_lock(replace(REQUEST, previous=text, **changes), self.archive).lock


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    published = TestArchive(tmp_path / "archive")
    apt = tmp_path / "apt"
    (apt / "trusted.gpg.d").mkdir(parents=True)
    (apt / "trusted.gpg.d" / "archive.asc").write_text(published.keyring)
    machine = Machine({}, debian_mirrors=(published.url,))
    archive = Archive(
        machine, apt, tmp_path / "keyrings", lambda: datetime(2026, 8, 1, tzinfo=timezone.utc)
    )
    made = Mirror(published, archive)
    made.publish("05 Jul", paragraph("bash", "1.0", Depends="libc6"), paragraph("libc6"))
    made.publish("12 Jul", suite="bookworm-security")
    return made


def versions(lock: DebianLock, architecture: str = "amd64") -> Dict[str, str]:
    return {package.name: package.version for package in lock.packages[architecture]}


def test_locks_each_architecture_from_all_suites(mirror: Mirror) -> None:
    new = packages_file(paragraph("bash", "1.0+u1", Depends="libc6"))
    mirror.published.suite("bookworm-security", {"main/amd64": new, "main/arm64": b""})
    lock = mirror.lock()
    assert lock.architectures == ("amd64", "arm64")
    assert lock.released == {
        "bookworm": "20260705T100000Z",
        "bookworm-security": "20260712T100000Z",
    }
    assert versions(lock) == {"bash": "1.0+u1", "libc6": "1.0"}
    assert versions(lock, "arm64") == {"bash": "1.0", "libc6": "1.0"}
    assert DebianLock.from_json(lock.to_json()) == lock
    assert mirror.archive.machine.debian_mirrors[0] not in lock.to_json()


def test_a_lock_changes_only_if_its_packages_do(mirror: Mirror) -> None:
    lock = mirror.lock()
    older = replace(lock, released=dict.fromkeys(lock.released, "20200101T000000Z"))
    assert mirror.lock(older) == older
    other = replace(older, roots=("libc6",))
    assert mirror.lock(other) == lock
    assert mirror.lock(previous_text="<<<<<<< HEAD") == lock


def test_rules_apko_69_apko_1654_a_root_that_was_not_asked_for_is_not_there(
    mirror: Mirror,
) -> None:
    lock = mirror.lock(mirror.lock(), lists=(("libc6",),))
    assert versions(lock) == {"libc6": "1.0"}
    assert lock.roots == ("libc6",)


def test_a_package_that_is_added_leaves_the_others_as_they_are(mirror: Mirror) -> None:
    before = mirror.lock()
    mirror.publish(
        "06 Jul",
        paragraph("bash", "1.1", Depends="libc6"),
        paragraph("libc6", "1.0"),
        paragraph("libc6", "1.1"),
        paragraph("file", "5", Depends="libc6"),
    )
    made = make_lock(
        replace(REQUEST, lists=(("bash",), ("file",)), previous=before.to_json()), mirror.archive
    )
    assert versions(made.lock) == {"bash": "1.0", "libc6": "1.0", "file": "5"}
    assert made.newer == {"bash", "libc6"}
    by_name = {package.name: package for package in made.lock.packages["amd64"]}
    assert by_name["bash"].snapshot == before.timestamp, "the archive has dropped it"
    assert by_name["libc6"].snapshot == "", "the archive still has it"
    assert DebianLock.from_json(made.lock.to_json()) == made.lock


def test_what_the_archive_has_dropped_keeps_the_time_at_which_it_was_there(
    mirror: Mirror,
) -> None:
    first = mirror.lock()
    mirror.publish("06 Jul", paragraph("libc6", "1.1"), paragraph("file", "5"))
    second = mirror.lock(first, lists=(("bash",), ("file",)))
    mirror.publish("07 Jul", paragraph("libc6", "1.1"), paragraph("file", "5"), paragraph("xz"))
    third = mirror.lock(second, lists=(("bash",), ("file",), ("xz",)))
    by_name = {package.name: package for package in third.packages["amd64"]}
    assert by_name["bash"].snapshot == by_name["libc6"].snapshot == first.timestamp


def test_a_package_that_is_added_takes_others_along_where_it_must(mirror: Mirror) -> None:
    before = mirror.lock()
    mirror.publish(
        "06 Jul",
        paragraph("bash", "1.1", Depends="libc6"),
        paragraph("libc6", "1.1"),
        paragraph("libc6-dev", "1.1", Depends="libc6 (= 1.1)"),
    )
    lock = mirror.lock(before, lists=(("bash",), ("libc6-dev",)))
    assert versions(lock) == {"bash": "1.0", "libc6": "1.1", "libc6-dev": "1.1"}


@pytest.mark.parametrize(
    "upgrade, expected",
    [
        ((), {"bash": "1.0", "libc6": "1.0"}),
        (("libc*",), {"bash": "1.0", "libc6": "1.1"}),
        (("bash",), {"bash": "1.1", "libc6": "1.0"}),
        (("*",), {"bash": "1.1", "libc6": "1.1"}),
    ],
)
def test_what_is_named_is_upgraded(
    mirror: Mirror, upgrade: Tuple[str, ...], expected: Dict[str, str]
) -> None:
    before = mirror.lock()
    mirror.publish("06 Jul", paragraph("bash", "1.1", Depends="libc6"), paragraph("libc6", "1.1"))
    assert versions(mirror.lock(before, upgrade=upgrade)) == expected


def test_a_lock_of_the_format_before_keeps_its_versions(mirror: Mirror) -> None:
    mirror.publish("06 Jul", *(paragraph("bash", v) for v in ("1.0", "1.1")), paragraph("libc6"))
    old = {"version": 1, "packages": {"amd64": {"bash": {"version": "1.0"}}}}
    lock = mirror.lock(previous_text=json.dumps(old))
    assert versions(lock)["bash"] == "1.0"
    assert versions(lock, "arm64")["bash"] == "1.1"


def test_versions_of_other_suites_are_not_kept(mirror: Mirror) -> None:
    before = mirror.lock()
    mirror.publish("06 Jul", paragraph("bash", "2"), suite="trixie")
    assert versions(mirror.lock(before, suites=("trixie",))) == {"bash": "2"}


def test_an_older_index_than_that_of_the_lock_is_refused(mirror: Mirror) -> None:
    before = mirror.lock()
    mirror.publish("04 Jul", paragraph("bash", "0.9"))
    with pytest.raises(
        LadingError, match="its index is dated 20260704T100000Z, but the lock was ma"
    ):
        mirror.lock(before)
    going_back = mirror.lock(before, allow_older_index=True, upgrade=("*",))
    assert versions(going_back) == {"bash": "0.9"}


def test_backports_come_only_if_they_are_asked_for_or_needed(mirror: Mirror) -> None:
    new = [paragraph(n, "2", Depends="libc6") for n in ("bash", "file")]
    mirror.published.fields.update({"NotAutomatic": "yes", "ButAutomaticUpgrades": "yes"})
    mirror.publish("06 Jul", *new, paragraph("libc6", "2"), suite="backports")
    suites = (*REQUEST.suites, "backports")
    lists = (("bash",), ("file",))
    assert versions(mirror.lock(suites=suites, lists=lists)) == {
        "bash": "1.0",
        "file": "2",
        "libc6": "1.0",
    }
    asked = (AskedPackage("bash", suite="backports"),)
    lock = mirror.lock(suites=suites, asked=asked)
    assert versions(lock) == {"bash": "2", "libc6": "1.0"}
    assert lock.roots == ("bash/backports",)
    assert versions(mirror.lock(suites=suites, asked=(AskedPackage("libc6", "2"),)))["libc6"] == "2"


def test_another_image_s_packages_change_nothing_for_this_one(mirror: Mirror) -> None:
    mirror.publish(
        "06 Jul",
        paragraph("base-files", Pre_Depends="awk"),
        paragraph("mawk", Provides="awk", Priority="required"),
        paragraph("gawk", Provides="awk", Depends="libgmp10"),
        paragraph("libgmp10"),
        paragraph("web", Depends="small | big"),
        paragraph("small"),
        paragraph("big"),
    )
    lists: Tuple[Tuple[str, ...], ...] = (("base-files", "web"),)
    alone = mirror.lock(lists=lists)
    shared = mirror.lock(lists=(*lists, ("gawk", "big"), ("base-files", "gawk")))
    expected = ["base-files", "mawk", "small", "web"]
    for lock in (alone, shared):
        assert [p.name for p in locked_closure(lock, "amd64", ["base-files", "web"])] == expected
    assert {"gawk", "big"} <= set(versions(shared))
    with_gawk = locked_closure(shared, "amd64", ["base-files", "gawk"])
    assert [p.name for p in with_gawk] == ["base-files", "gawk", "libgmp10"]


def test_the_program_fails_with_a_sentence_and_writes_nothing(tmp_path: Path) -> None:
    fields = {**asdict(REQUEST), "suites": []}
    (tmp_path / "request.json").write_text(json.dumps(fields))
    result = subprocess.run(
        [sys.executable, "-B", "-m", "lading.debian.lock.lock_main", "request.json", "lock.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert result.returncode == USER_ERROR
    assert error_sentence(result.stderr) == "`suites` is empty. Name at least one."
    assert not (tmp_path / "lock.json").exists()
