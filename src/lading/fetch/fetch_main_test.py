import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import pytest

from lading.fetch.fetch_main import main
from lading.fetch.pinned_file import PinnedFile, request_to_json
from lading.network.faulty_server_testing import FaultyServer, Ranged, Reply
from lading.network.source_url import SourceUrl
from lading.runtime.program import USER_ERROR, error_sentence
from lading.runtime.small_disk_testing import on_small_disk, sentence_of
from lading.values.digest import Sha256
from lading.values.errors import LadingError

BODIES = {f"file{number}": b"%d" % number * 5000 for number in range(20)}


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        for name, body in BODIES.items():
            server.serve(f"/{name}", Ranged(body=body))
        yield server


@pytest.fixture(autouse=True)
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    monkeypatch.chdir(sandbox)
    return sandbox


def pinned(server: FaultyServer, name: str, executable: bool = False) -> PinnedFile:
    url = SourceUrl.parse(f"{server.url}/{name}")
    digest = Sha256(hashlib.sha256(BODIES[name]).hexdigest())
    return PinnedFile(name, (url,), digest, executable=executable)


def fetch(*files: PinnedFile) -> None:
    Path("request.json").write_text(request_to_json(files))
    main(["request.json", "out/files"])


def fetched() -> Dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("out/files").iterdir()}


def make_cache() -> Path:
    cache = Path(".lading/cache/downloads")
    cache.parent.mkdir(parents=True)
    return cache


def test_all_files_arrive_under_their_names(server: FaultyServer) -> None:
    fetch(*(pinned(server, name) for name in BODIES))
    assert fetched() == BODIES
    assert sorted(os.listdir()) == ["out", "request.json"]
    assert os.listdir("out") == ["files"]


def test_an_empty_output_directory_is_filled(server: FaultyServer) -> None:
    os.makedirs("out/files")
    fetch(pinned(server, "file1"))
    assert list(fetched()) == ["file1"]


def test_only_executable_files_are_executable(server: FaultyServer) -> None:
    umask = os.umask(0o077)
    try:
        fetch(pinned(server, "file1"), pinned(server, "file2", executable=True))
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("out/files").iterdir()}
    assert modes == {"file1": 0o644, "file2": 0o755}


def test_nothing_is_left_when_one_of_them_fails(server: FaultyServer) -> None:
    server.serve("/file7", Reply(404))
    with pytest.raises(LadingError, match="file7 could not be fetched"):
        fetch(*(pinned(server, name) for name in BODIES))
    assert os.listdir("out") == []


def test_the_next_run_fetches_only_what_is_missing(server: FaultyServer) -> None:
    cache = make_cache()
    fetch(pinned(server, "file1"))
    server.requests.clear()
    Path("out/files/file1").unlink()
    fetch(pinned(server, "file1"), pinned(server, "file2"))
    assert sorted(fetched()) == ["file1", "file2"]
    assert [seen.path for seen in server.requests] == ["/file2"]
    assert len(os.listdir(cache)) == 2


def test_a_damaged_file_in_the_cache_is_fetched_anew(server: FaultyServer) -> None:
    cache = make_cache()
    cache.mkdir()
    file = pinned(server, "file1")
    (cache / file.sha256.hex).write_bytes(b"damaged")
    fetch(file)
    assert fetched() == {"file1": BODIES["file1"]}
    assert (cache / file.sha256.hex).read_bytes() == BODIES["file1"]


def test_the_same_content_under_two_names_is_fetched_once(server: FaultyServer) -> None:
    file = pinned(server, "file1")
    fetch(file, PinnedFile("other", file.urls, file.sha256))
    assert fetched() == {"file1": BODIES["file1"], "other": BODIES["file1"]}
    assert len(server.requests) == 1


def test_nixpkgs_377363_a_full_disk_leaves_what_the_next_run_goes_on_with(
    server: FaultyServer, sandbox: Path
) -> None:
    body = os.urandom(300_000)
    url = SourceUrl.parse(server.serve("/large", Ranged(body=body)))
    file = PinnedFile("large", (url,), Sha256.of(body))

    def fill() -> Tuple[str, List[str], Dict[str, bytes]]:
        make_cache()
        Path("request.json").write_text(request_to_json([file]))
        Path("ballast").write_bytes(bytes(500_000))
        sentence = sentence_of("lading.fetch.fetch_main", "request.json", "out/files")
        left = [str(path) for path in Path.cwd().rglob("*") if path.is_file()]
        Path("ballast").unlink()
        main(["request.json", "out/files"])
        return sentence, left, fetched()

    sentence, left, fetched_then = on_small_disk(sandbox, "size=700k", fill)
    part = f".lading/cache/downloads/{file.sha256.hex}.part"
    assert sentence.startswith("there is no room left on a disk ([Errno 28] No space left")
    assert sorted(left) == [str(sandbox / name) for name in (part, "ballast", "request.json")]
    assert fetched_then == {"large": body}
    first, second = server.ranges("/large")
    assert first is None and second is not None and second.startswith("bytes=")


def test_as_a_program_it_ends_with_the_sentence(server: FaultyServer) -> None:
    """With the environment of a sandbox, and the machine's proxy from its directory."""
    machine = Path(".lading/machine/machine.json")
    machine.parent.mkdir(parents=True)
    machine.write_text(
        '{"environment": {"http_proxy": "http://127.0.0.2:9", "no_proxy": "a.example",'
        ' "SSL_CERT_FILE": "/none"}, "python_indexes": [], "python_find_links": [],'
        ' "debian_mirrors": []}'
    )
    file = pinned(server, "file1")
    Path("request.json").write_text(
        request_to_json([PinnedFile(file.name, file.urls, Sha256("0" * 64))])
    )
    library = str(Path(__file__).parents[2])
    program = [sys.executable, "-B", "-m", "lading.fetch.fetch_main", "request.json", "out"]
    machine.write_text(machine.read_text().replace("a.example", server.host))
    ended = subprocess.run(program, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": library})
    assert ended.returncode == USER_ERROR, ended.stderr
    assert error_sentence(ended.stderr).startswith(
        f"file1 could not be fetched. {server.url}/file1: its "
    )
    assert not Path("out").exists()
