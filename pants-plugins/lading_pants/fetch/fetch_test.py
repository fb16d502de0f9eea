from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator

import pytest
from pants.engine.fs import EMPTY_DIGEST, Digest, DigestEntries, FileDigest, FileEntry, RemovePrefix
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import MockGet, RuleRunner, engine_error, run_rule_with_mocks

from lading.fetch.pinned_file import PinnedFile
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading_pants.engine import machine, program
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError
from lading_pants.fetch import fetch
from lading_pants.fetch.fetch import (
    FetchedFiles,
    FetchFilesRequest,
    fetch_files,
)
from lading_pants.fetch.fetch_url import FetchUrlTarget

BODY = b"content" * 100_000
DIGEST = Sha256(hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def rule_runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(fetch, machine, program),
            QueryRule(DigestEntries, [Digest]),
            QueryRule(FetchedFiles, [FetchFilesRequest]),
        ],
        target_types=[FetchUrlTarget],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


def pinned(url: str, name: str = "file", size: int | None = None) -> PinnedFile:
    return PinnedFile(name, (SourceUrl.parse(url),), DIGEST, size=size)


def test_files_arrive_under_their_names(rule_runner: RuleRunner, server: FaultyServer) -> None:
    url = server.serve("/file", Ranged(body=BODY, cut=100_000), Ranged(body=BODY))
    program_file = PinnedFile("tool", (SourceUrl.parse(url),), DIGEST, executable=True)
    request = FetchFilesRequest((program_file, pinned(url)), "Fetching two files")
    fetched = rule_runner.request(FetchedFiles, [request])
    entries = rule_runner.request(DigestEntries, [fetched.digest])
    found = {
        entry.path: (entry.file_digest.fingerprint, entry.is_executable)
        for entry in entries
        if isinstance(entry, FileEntry)
    }
    assert found == {"file": (DIGEST.hex, False), "tool": (DIGEST.hex, True)}
    assert server.ranges("/file") == (None, "bytes=100000-")


def test_what_was_fetched_is_not_fetched_again(
    rule_runner: RuleRunner, server: FaultyServer
) -> None:
    url = server.serve("/file", Reply(body=BODY))
    one = rule_runner.request(FetchedFiles, [FetchFilesRequest((pinned(url),), "Once", "a")])
    two = rule_runner.request(FetchedFiles, [FetchFilesRequest((pinned(url),), "Again", "b")])
    other_name = FetchFilesRequest((pinned(url, "other"),), "Under another name")
    rule_runner.request(FetchedFiles, [other_name])
    assert one == two
    assert len(server.requests) == 1


def test_with_debug_it_is_shown_what_was_used(
    rule_runner: RuleRunner,
    server: FaultyServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    location = server.serve("/moved/file?signature=s3cret", Reply(body=BODY))
    server.serve("/debian/pool/file", Reply(status=302, headers={"Location": location}))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret")
    mirrors = [f"http://me:s3cret@127.0.0.1:{server.port}/none", f"{server.url}/debian"]
    file = PinnedFile("a", (SourceUrl.parse("mirror://debian/pool/file"),), DIGEST)
    said = []
    for level, name in (("debug", "a"), ("debug", "b"), ("info", "c")):
        caplog.clear()
        options = [f"--lading-debian-mirrors={mirrors}", f"--level={level}"]
        rule_runner.set_options(options, env={"NETRC": str(netrc)})
        with caplog.at_level(logging.INFO):
            rule_runner.request(
                FetchedFiles, [FetchFilesRequest((replace(file, name=name),), "It")]
            )
        said.append([one.getMessage() for one in caplog.records if one.name == program.__name__])
    host = f"127.0.0.1:{server.port}"
    assert said == [
        [
            "It: `lading.fetch.fetch_main` says:\n"
            f"GET http://{host}/none/pool/file with credentials: 404\n"
            f"http://{host}/none/pool/file: HTTP status 404 Not Found\n"
            f"GET http://{host}/debian/pool/file with credentials: 302\n"
            f"{host}: the credentials are those in {netrc}\n"
            f"http://{host}/debian/pool/file redirects to http://{host}/moved/file?...\n"
            f"GET http://{host}/moved/file?... with credentials: 200\n"
            f"{host}: the credentials are those in {netrc}\n"
            f"a: 0.7 MB from http://{host}/debian/pool/file"
        ],
        [f"It: `lading.fetch.fetch_main` says:\nb was downloaded before: sha256:{DIGEST.hex}"],
        [],
    ]


def test_no_files_are_fetched_by_no_process(rule_runner: RuleRunner) -> None:
    fetched = rule_runner.request(FetchedFiles, [FetchFilesRequest((), "Fetching nothing")])
    assert fetched == FetchedFiles(EMPTY_DIGEST)


@pytest.mark.parametrize(
    ("subject", "begin"),
    [
        ("`fetch_url` //:source", "`fetch_url` //:source: file could not be fetched. "),
        ("", "Fetching it: file could not be fetched. "),
    ],
)
def test_a_wrong_digest_is_reported_with_the_subject(
    rule_runner: RuleRunner, server: FaultyServer, subject: str, begin: str
) -> None:
    url = server.serve("/file", Reply(body=b"other"))
    request = FetchFilesRequest((pinned(url),), "Fetching it", subject)
    sentence = f"{begin}{url}: its 5 bytes have the SHA-256 "
    with engine_error(TargetError, contains=sentence):
        rule_runner.request(FetchedFiles, [request])


def test_the_size_is_shown_where_it_is_known() -> None:
    known = pinned("file:/srv/x", size=2_000_000)
    assert fetch._total_size((known, known)) == " (4.0 MB)"
    assert fetch._total_size((known, pinned("file:/srv/x"))) == ""


@pytest.mark.parametrize("files", [{"file": b"evil"}, {}, {"other": BODY}])
def test_what_a_cache_has_instead_of_a_pinned_file_is_refused(files: dict[str, bytes]) -> None:
    """Whoever has write access to a remote cache decides what it returns."""
    digests = [
        FileEntry(name, FileDigest(hashlib.sha256(content).hexdigest(), len(content)))
        for name, content in files.items()
    ]
    mocks: list[MockGet[Any]] = [
        MockGet(ProgramResult, (ProgramRequest,), lambda _: ProgramResult(EMPTY_DIGEST, "")),
        MockGet(Digest, (RemovePrefix,), lambda _: EMPTY_DIGEST),
        MockGet(DigestEntries, (Digest,), lambda _: DigestEntries(digests)),
    ]
    request = FetchFilesRequest(
        (pinned("https://a.example/file"),), "Fetching file", "`fetch_url` //a"
    )
    sentence = f"`fetch_url` //a: for file, which is pinned as {DIGEST.hex}, a cache of Pants has "
    with pytest.raises(TargetError, match=re.escape(sentence)):
        run_rule_with_mocks(fetch_files, rule_args=[request], mock_gets=mocks)
