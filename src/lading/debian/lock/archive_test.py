import gzip
import lzma
import zlib
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Dict

import pysequoia
import pytest

from lading.debian.lock.archive import Archive
from lading.debian.lock.archive_testing import TestArchive, packages_file, paragraph
from lading.runtime.machine import Machine
from lading.values.digest import Sha256
from lading.values.errors import LadingError

CONTENT = packages_file(paragraph("bash"))
FILES = {"main/amd64": CONTENT}


@pytest.fixture
def published(tmp_path: Path) -> TestArchive:
    return TestArchive(tmp_path / "archive")


@pytest.fixture
def seen(tmp_path: Path, published: TestArchive) -> Archive:
    return machine_with(tmp_path, published)


def machine_with(tmp_path: Path, published: TestArchive) -> Archive:
    """`published` on a machine that has it as its mirror, and its key."""
    apt, keyrings = tmp_path / "apt", tmp_path / "keyrings"
    (apt / "trusted.gpg.d").mkdir(parents=True)
    (apt / "trusted.gpg.d" / "archive.asc").write_text(published.keyring)
    return Archive(Machine({}, debian_mirrors=(published.url,)), apt, keyrings, clock)


def clock() -> datetime:
    return datetime(2026, 7, 12, tzinfo=timezone.utc)


def packages(archive: Archive, suite: str = "bookworm", architecture: str = "amd64") -> bytes:
    return b"".join(archive.packages(archive.release(suite), "main", architecture))


@pytest.mark.parametrize("detached", [False, True])
def test_reads_what_is_signed(published: TestArchive, seen: Archive, detached: bool) -> None:
    published.suite("bookworm", FILES, detached=detached)
    release = seen.release("bookworm")
    assert release.date == datetime(2026, 7, 11, 10, 16, 37, tzinfo=timezone.utc)
    assert packages(seen) == CONTENT


def test_reads_uncompressed_indexes(published: TestArchive, seen: Archive) -> None:
    published.suite("bookworm", FILES, packings=[""])
    assert packages(seen) == CONTENT


def test_by_hash_serves_an_index_that_was_replaced(published: TestArchive, seen: Archive) -> None:
    published.fields["Acquire-By-Hash"] = "yes"
    published.suite("bookworm", FILES)
    release = seen.release("bookworm")
    index = published.root / "dists/bookworm/main/binary-amd64/Packages.xz"
    digest, _ = release.files["main/binary-amd64/Packages.xz"]
    kept = index.parent / "by-hash/SHA256" / digest.hex
    kept.parent.mkdir(parents=True)
    index.rename(kept)
    index.write_bytes(b"the next state of the archive")
    assert packages(seen) == CONTENT
    kept.unlink()
    with pytest.raises(LadingError, match="has 29 bytes and the SHA-256 .* the signed index"):
        packages(seen)
    index.unlink()
    with pytest.raises(LadingError, match="Packages.xz does not exist, though the suite's index"):
        packages(seen)


def test_rules_distroless_235_packages_for_all_architectures_kept_apart(
    published: TestArchive, seen: Archive
) -> None:
    everywhere = packages_file(paragraph("docs", Architecture="all"))
    files = {"main/amd64": CONTENT, "main/all": everywhere}
    published.suite("bookworm", files)
    assert packages(seen) == CONTENT + everywhere
    published.fields["No-Support-for-Architecture-all"] = "Packages"
    published.suite("bookworm", files)
    assert packages(seen) == CONTENT


def test_refuses_another_suite_in_its_place(published: TestArchive, seen: Archive) -> None:
    published.fields.update(Suite="stable", Codename="trixie")
    published.suite("bookworm", FILES)
    with pytest.raises(LadingError, match="it has 'trixie' instead of 'bookworm'."):
        seen.release("bookworm")


def test_refuses_an_index_that_is_out_of_date_unless_apt_is_told_not_to(
    published: TestArchive, seen: Archive
) -> None:
    published.fields["Valid-Until"] = "Mon, 01 Jan 2001 00:00:00 UTC"
    published.suite("bookworm", FILES)
    with pytest.raises(LadingError, match="valid until Mon, 01 Jan 2001 .* is out of date"):
        seen.release("bookworm")
    settings = seen.apt_directory / "apt.conf.d"
    settings.mkdir()
    (settings / "99frozen").write_text('Acquire::Check-Valid-Until "false";\n')
    assert seen.release("bookworm")
    (settings / "99frozen").write_text('// Acquire::Check-Valid-Until "false";\n')
    with pytest.raises(LadingError, match="out of date"):
        seen.release("bookworm")


def test_refuses_an_index_of_the_future_unless_apt_is_told_not_to(
    published: TestArchive, seen: Archive
) -> None:
    published.fields["Date"] = "Mon, 13 Jul 2026 00:00:01 UTC"
    published.suite("bookworm", FILES)
    with pytest.raises(LadingError, match="clock says Sun, 12 Jul 2026 00:00:00 UTC. Set the clo"):
        seen.release("bookworm")
    (seen.apt_directory / "apt.conf").write_text('Acquire {\n  Check-Date "no";\n};\n')
    assert seen.release("bookworm")


def test_refuses_an_older_index_than_that_of_the_lock(
    published: TestArchive, seen: Archive
) -> None:
    published.suite("bookworm", FILES)
    assert seen.release("bookworm", "20260711T101637Z")
    with pytest.raises(LadingError) as caught:
        seen.release("bookworm", "20260711T101638Z")
    assert (
        "its index is dated 20260711T101637Z, but the lock was made with that of "
        "20260711T101638Z. An outdated mirror hides security updates: wait until it is up to "
        "date, or use another one. To go back on purpose, run `generate-lockfiles` with "
        "`--lading-allow-older-index`."
    ) in str(caught.value)


def test_a_mirror_that_is_behind_is_passed_over(
    tmp_path: Path, published: TestArchive, seen: Archive
) -> None:
    behind = TestArchive(tmp_path / "behind", {"Date": "Fri, 10 Jul 2026 00:00:00 UTC"})
    behind.signer = published.signer
    behind.suite("bookworm", FILES)
    published.suite("bookworm", FILES)
    both = replace(seen, machine=Machine({}, debian_mirrors=(behind.url, published.url)))
    assert both.release("bookworm").url == behind.url
    assert both.release("bookworm", "20260711T000000Z").url == published.url


@pytest.mark.parametrize(
    "fields, priority",
    [
        ({}, 500),
        ({"NotAutomatic": "yes"}, 1),
        ({"NotAutomatic": "yes", "ButAutomaticUpgrades": "yes"}, 100),
    ],
)
def test_the_priority_of_a_suite_is_apt_s(
    published: TestArchive, seen: Archive, fields: "dict[str, str]", priority: int
) -> None:
    published.fields.update(fields)
    published.suite("bookworm", FILES)
    assert seen.release("bookworm").priority == priority


def test_refuses_a_signature_of_someone_else(published: TestArchive, seen: Archive) -> None:
    published.signer = pysequoia.Tsk.generate("someone@else.example")
    published.suite("bookworm", FILES)
    with pytest.raises(LadingError, match="not signed by a key that this machine trusts"):
        seen.release("bookworm")


@pytest.mark.parametrize("detached", [False, True])
def test_refuses_a_changed_index(published: TestArchive, seen: Archive, detached: bool) -> None:
    published.suite("bookworm", FILES, detached=detached)
    path = published.root / "dists/bookworm" / ("Release" if detached else "InRelease")
    path.write_bytes(path.read_bytes().replace(b"Suite: b", b"Suite: c"))
    with pytest.raises(LadingError, match="not signed by a key that this machine trusts"):
        seen.release("bookworm")


def test_ignores_text_around_the_signed_message(published: TestArchive, seen: Archive) -> None:
    published.suite("bookworm", FILES)
    path = published.root / "dists/bookworm/InRelease"
    path.write_bytes(b"Codename: evil\n\n" + path.read_bytes())
    assert seen.release("bookworm").fields["codename"] == "bookworm"


def test_a_suite_that_nobody_has_lists_what_was_tried(
    published: TestArchive, seen: Archive
) -> None:
    mirrors = (published.url, "http://mirror.invalid/debian")
    nowhere = replace(seen, machine=Machine({}, debian_mirrors=mirrors))
    with pytest.raises(LadingError) as caught:
        nowhere.release("bookwrm")
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "`suites` has 'bookwrm', but no mirror has an index of it that can be trusted. Correct "
        "the suite, or configure a mirror of Debian. Tried:"
    )
    assert lines[1] == f"  {published.url}: it has no such suite."
    assert lines[2].startswith("  http://mirror.invalid/debian: http://mirror.invalid/debian/dists")
    assert "cannot be read: " in lines[2]


def test_refuses_a_component_or_architecture_that_the_suite_has_not(
    published: TestArchive, seen: Archive
) -> None:
    published.suite("bookworm", FILES)
    with pytest.raises(LadingError) as caught:
        packages(seen, architecture="arm64")
    assert str(caught.value) == (
        "The suite 'bookworm' has no packages of component 'main' for architecture 'arm64': it "
        "has the components 'main' and the architectures 'amd64'. Correct `components` or "
        "`architectures`."
    )


def test_apt_sources_of_other_people_with_the_same_suite_are_passed_over(
    tmp_path: Path, published: TestArchive, seen: Archive
) -> None:
    other = TestArchive(tmp_path / "other", {"Origin": "deb.example"}, published.signer)
    other.suite("bookworm", FILES)
    published.suite("bookworm", FILES)
    (seen.apt_directory / "sources.list").write_text(
        f"deb {other.url} bookworm main\ndeb {published.url} bookworm main\n"
    )
    archive = replace(seen, machine=Machine({}))
    assert archive.release("bookworm").url == published.url
    (seen.apt_directory / "sources.list").write_text(f"deb {other.url} bookworm main\n")
    mirrors = replace(seen, machine=Machine({}, debian_mirrors=(other.url,)))
    assert mirrors.release("bookworm").url == other.url, "a mirror may call itself anything"


def test_the_keys_of_an_apt_source_count_for_it_alone(
    tmp_path: Path, published: TestArchive, seen: Archive
) -> None:
    stranger = TestArchive(tmp_path / "stranger")
    stranger.suite("bookworm", FILES)
    keyring = tmp_path / "stranger.asc"
    keyring.write_text(stranger.keyring)
    (seen.apt_directory / "sources.list").write_text(
        f"deb [signed-by={keyring}] {stranger.url} bookworm main\n"
    )
    assert replace(seen, machine=Machine({})).release("bookworm").url == stranger.url
    published.suite("bookworm", FILES)
    (seen.apt_directory / "sources.list").write_text(
        f"deb [signed-by={keyring}] {published.url} bookworm main\n"
    )
    with pytest.raises(LadingError, match="not signed by a key"):
        replace(seen, machine=Machine({})).release("bookworm")


def test_reads_gzip(published: TestArchive, seen: Archive) -> None:
    packed = gzip.compress(CONTENT, mtime=0)
    published.suite("bookworm", {"main/amd64": packed}, packings=[".gz"])
    assert packages(seen) == CONTENT


def refused(seen: Archive) -> str:
    """The error about the mirror."""
    with pytest.raises(LadingError) as caught:
        packages(seen)
    message = next((line for line in str(caught.value).splitlines() if line.startswith("  ")), "")
    message = message or str(caught.value)
    assert message.isprintable() and len(message) < 1000 and message.endswith(".")
    return message


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"Date": ""}, "has no `Date`"),
        ({"Date": "soon \x1b[2J"}, r"has the `Date` 'soon \x1b[2J', which is not a time"),
        ({"Date": "Sat, 11 Jul 99999 10:16:37 UTC"}, "which is not a time"),
        ({"Date": "x" * 10_000}, "xx...', which is not a time"),
        ({"Valid-Until": "never"}, "has the `Valid-Until` 'never', which is not a time"),
        ({"Valid-Until": "Sat, 11 Jul 2020 10:16:37 -0000"}, "was valid until"),
        ({"Codename": "\x1b[2J" * 1000, "Suite": ""}, r"it has '\x1b[2J"),
        ({"Codename": "", "Suite": ""}, "it has nothing instead of 'bookworm'"),
    ],
)
def test_refuses_a_release_of_odd_fields_in_a_sentence(
    tmp_path: Path, fields: Dict[str, str], reason: str
) -> None:
    published = TestArchive(tmp_path / "archive", fields)
    published.suite("bookworm", FILES)
    assert reason in refused(machine_with(tmp_path, published))


@pytest.mark.parametrize(
    "row",
    ["abc 5 a", f"{'0' * 64} abc a", f"{'0' * 64} {'9' * 5000} a"],
    ids=["digest", "size", "digits"],
)
def test_refuses_a_release_of_odd_files_in_a_sentence(tmp_path: Path, row: str) -> None:
    published = TestArchive(tmp_path / "archive", rows=(row,))
    published.suite("bookworm", FILES)
    assert "its index has a with a" in refused(machine_with(tmp_path, published))


def test_an_inrelease_without_end_is_not_read(published: TestArchive, seen: Archive) -> None:
    published.suite("bookworm", FILES)
    with Path(published.root, "dists/bookworm/InRelease").open("ab") as file:
        file.truncate(3 << 30)
    assert "it has more than 10000000 bytes" in refused(seen)


def test_a_message_that_unpacks_is_no_inrelease(published: TestArchive, seen: Archive) -> None:
    """OpenPGP knows compressed messages."""
    published.suite("bookworm", FILES)
    deflate = zlib.compressobj(wbits=-15)
    packed = deflate.compress(bytes(1 << 20)) + deflate.flush()
    Path(published.root, "dists/bookworm/InRelease").write_bytes(b"\xa3\x01" + packed)
    assert "its InRelease is not a signed text" in refused(seen)


@pytest.mark.parametrize("packing, pack", [(".xz", lzma.compress), (".gz", gzip.compress)])
def test_an_index_that_unpacks_to_more_than_is_signed_is_refused(
    published: TestArchive, seen: Archive, packing: str, pack: Callable[[bytes], bytes]
) -> None:
    bomb = pack(bytes(1 << 24))
    published.suite("bookworm", {"main/amd64": bomb}, packings=(".gz",))
    release = seen.release("bookworm")
    stem = "main/binary-amd64/Packages"
    files = {stem + packing: release.files[stem + ".gz"], stem: (Sha256.of(b""), 1000)}
    path = Path(published.root, "dists/bookworm", stem)
    path.with_suffix(".gz").rename(path.with_suffix(packing))
    with pytest.raises(LadingError, match="It unpacks to more than 1000 bytes. Report it"):
        list(seen.packages(replace(release, files=files), "main", "amd64"))


def test_an_index_is_not_read_beyond_its_size(published: TestArchive, seen: Archive) -> None:
    published.suite("bookworm", FILES)
    path = Path(published.root, "dists/bookworm/main/binary-amd64/Packages.xz")
    size = path.stat().st_size
    with path.open("ab") as file:
        file.truncate(3 << 30)
    assert f"it has more than {size} bytes" in refused(seen)
