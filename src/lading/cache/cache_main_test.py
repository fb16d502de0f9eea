import errno
import os
import time
from pathlib import Path
from typing import List

import pytest

from lading.cache import cache_main, survey
from lading.cache.cached_tree import cached_tree, check_contents
from lading.cache.workplace import remove_tree
from lading.runtime.at_once_testing import FORK
from lading.runtime.cache_directory import restore_cache
from lading.values.digest import Sha256


def make(tree: Path) -> None:
    tree.mkdir()
    (tree / "file").write_text("content")
    (tree / "file").chmod(0o444)
    os.utime(tree / "file", (1, 1))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with an unused tree of each kind, and a download."""
    monkeypatch.chdir(tmp_path)
    cache = tmp_path / ".lading" / "cache"
    for name in ("packages", "roots", "python"):
        process = FORK.Process(target=cached_tree, args=(cache, cache / name / "key", make))
        process.start()
        process.join()
        assert process.exitcode == 0
    (cache / "downloads").mkdir()
    (cache / "downloads" / Sha256.of(b"whole").hex).write_bytes(b"whole")
    (cache / "downloads" / f"{Sha256.of(b'more').hex}.part").write_bytes(b"mo")
    (cache / "logs").mkdir()
    (cache / "logs" / "a.log").write_text("log")
    return cache


def run(*argv: str) -> int:
    try:
        cache_main.main(list(argv))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def names(cache: Path) -> List[str]:
    return sorted(
        str(path.relative_to(cache))
        for path in cache.rglob("*")
        if path.parent.parent == cache and path.suffix != ".lock"
    )


ALL = [
    f"downloads/{Sha256.of(b'whole').hex}",
    f"downloads/{Sha256.of(b'more').hex}.part",
    "logs/a.log",
    "packages/key",
    "python/key",
    "roots/key",
]


def test_what_is_as_it_was(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("", "") == 0
    assert capsys.readouterr().out == (
        "1 store package, 0.0 MB\n1 build root, 0.0 MB\n1 interpreter, 0.0 MB\n"
        "2 downloads, 0.0 MB\n1 log, 0.0 MB\n"
    )


@pytest.mark.parametrize(
    "file", ["packages/key/tree/file", "roots/key/tree/file", "python/key/tree/file", ALL[0]]
)
def test_a_flipped_bit_is_found_and_removed(
    cache: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even if the times stay the same, as when a disk flips a bit."""
    status = (cache / file).stat()
    content = bytearray((cache / file).read_bytes())
    content[2] ^= 1
    (cache / file).chmod(0o644)
    (cache / file).write_bytes(content)
    (cache / file).chmod(status.st_mode)
    os.utime(cache / file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run("", "") == 1
    output = capsys.readouterr().out
    assert "key: 'file' has another content\n" in output or "its digest is " in output
    assert f"1 item in {cache} can't be used. `./pants lading-cache --repair` removes " in output
    assert names(cache) == sorted(ALL), "nothing is changed without being asked for"
    assert run("repair", "") == 0
    assert "Removed 1 item, 0.0 MB.\n" in capsys.readouterr().out
    assert len(names(cache)) == len(ALL) - 1
    assert run("", "") == 0


@pytest.mark.parametrize(
    "name, reason",
    [
        ("roots/key.unfinished.abc", "it is unfinished"),
        ("roots/key.damaged.abc", "it was damaged, and has been unpacked again"),
        ("roots/old", "it has no state.json"),
        ("store", "it is of an earlier version"),
    ],
)
def test_what_is_left_over_is_removed(
    cache: Path, name: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (cache / name / "usr").mkdir(parents=True)
    assert run("", "") == 1
    assert f" {name}: {reason}\n" in capsys.readouterr().out
    assert run("repair", "") == 0
    assert names(cache) == sorted(ALL)


def test_what_is_unused_is_removed(cache: Path) -> None:
    month_ago = time.time() - 31 * 24 * 60 * 60
    for name in ("roots/key/state.json", *ALL[:3]):
        os.utime(cache / name, (month_ago, month_ago))
    assert run("", "30") == 0
    assert names(cache) == ["packages/key", "python/key"]
    assert not (cache / "roots/key.lock").exists()


def test_old_descriptions_of_the_machine_are_removed_with_their_passwords(cache: Path) -> None:
    month_ago = time.time() - 31 * 24 * 60 * 60
    for name, used in (("lading_machine_old", month_ago), ("lading_machine_new", time.time())):
        (cache.parent / name).mkdir()
        (cache.parent / name / "machine.json").touch()
        os.utime(cache.parent / name, (used, used))
    assert run("", "30") == 0
    assert [path.name for path in cache.parent.glob("lading_*")] == ["lading_machine_new"]


def test_a_use_is_noted(cache: Path) -> None:
    month_ago = time.time() - 31 * 24 * 60 * 60
    os.utime(cache / "roots/key/state.json", (month_ago, month_ago))
    process = FORK.Process(target=cached_tree, args=(cache, cache / "roots/key", make))
    process.start()
    process.join()
    assert run("", "30") == 0
    assert (cache / "roots/key").exists()


def test_a_check_is_no_use(cache: Path) -> None:
    month_ago = time.time() - 31 * 24 * 60 * 60
    os.utime(cache / "roots/key/state.json", (month_ago, month_ago))
    assert run("", "") == 0
    assert run("", "30") == 0
    assert not (cache / "roots/key").exists()


def test_what_a_build_is_unpacking_is_not_told(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started, end = FORK.Event(), FORK.Event()

    def make_slowly(tree: Path) -> None:
        make(tree)
        started.set()
        end.wait(20)

    building = FORK.Process(target=cached_tree, args=(cache, cache / "roots" / "new", make_slowly))
    building.start()
    assert started.wait(20)
    (cache / "packages" / "key.unfinished.abc").mkdir()  # nobody is creating this one
    assert run("", "") == 1
    output = capsys.readouterr().out
    assert "packages/key.unfinished.abc: it is unfinished\n" in output
    assert "roots/new" not in output
    end.set()
    building.join()
    assert (cache / "roots" / "new").exists()


def test_what_can_not_be_removed_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For example a tree that another user has unpacked; the rest is removed."""

    def refuse(tree: Path) -> None:
        if tree.parent.name == "roots":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(tree))
        remove_tree(tree)

    monkeypatch.setattr(survey, "remove_tree", refuse)
    for name in ("packages", "roots"):
        (cache / name / "old").mkdir()
    assert run("repair", "") == 1
    output = capsys.readouterr().out
    assert (
        "roots/old can't be removed (Operation not permitted): remove it as its owner.\n" in output
    )
    assert "Removed packages/old.\n" in output and output.endswith("Removed 1 item, 0.0 MB.\n")


def test_a_check_can_run_beside_builds_and_removal_waits_for_them(cache: Path) -> None:
    started, end = FORK.Event(), FORK.Event()

    def build() -> None:
        cached_tree(cache, cache / "roots" / "key", make)
        started.set()
        end.wait(20)
        check_contents(cache / "roots" / "key")  # it is still there

    building = FORK.Process(target=build)
    building.start()
    assert started.wait(20)
    assert run("", "") == 0
    (cache / "roots" / "key" / "manifest.json").write_text("")
    removing = FORK.Process(target=run, args=("repair", ""))
    removing.start()
    removing.join(0.5)
    assert removing.exitcode is None and (cache / "roots" / "key").exists()
    building.kill()
    removing.join()
    assert not (cache / "roots" / "key").exists()


def test_where_there_is_no_cache_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or it was moved away while Pants' daemon runs, so that its link leads nowhere."""
    monkeypatch.chdir(tmp_path)
    Path(".lading").mkdir()
    Path(".lading/cache").symlink_to(tmp_path / "lading")
    restore_cache()
    assert run("", "") == 0
    assert capsys.readouterr().out == f"There is nothing in {tmp_path}/lading.\n"
