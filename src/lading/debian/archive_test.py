import gzip
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pysequoia
import pytest

from lading.debian.archive import Archive
from lading.debian.archive_testing import TestArchive, packages_file, paragraph
from lading.errors import LadingError
from lading.machine import Machine

CONTENT = packages_file(paragraph("bash"))
FILES = {"main/amd64": CONTENT}


@pytest.fixture
def published(tmp_path: Path) -> TestArchive:
    return TestArchive(tmp_path / "archive")


@pytest.fixture
def seen(tmp_path: Path, published: TestArchive) -> Archive:
    """`published` as a machine sees it that has it as its mirror, and its key."""
    apt, keyrings = tmp_path / "apt", tmp_path / "keyrings"
    (apt / "trusted.gpg.d").mkdir(parents=True)
    (apt / "trusted.gpg.d" / "archive.asc").write_text(published.keyring)
    return Archive(Machine({}, debian_mirrors=(published.url,)), apt, keyrings)


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
    with pytest.raises(LadingError, match="it has 'trixie' in the place of 'bookworm'."):
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
        "`suites` has 'bookwrm', and no mirror has an index of it that can be trusted. Correct "
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
