import json
import os
import shutil
from pathlib import Path
from typing import Callable, List

import pytest

from lading.cache import cached_tree as module
from lading.cache.cached_tree import DamagedTreeError, cached_tree, check_contents
from lading.cache.tree_manifest import stat_digest
from lading.cache.workplace import remove_tree, workplace
from lading.runtime.at_once_testing import run_at_once
from lading.values.errors import LadingError


class Cache:
    """A cache with a tree at `place`, and the number of times it was created."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "cache"
        self.place = self.directory / "trees" / "place"
        self.calls = directory / "calls"

    @property
    def tree(self) -> Path:
        return self.place / "tree"

    def get(self) -> Path:
        return cached_tree(self.directory, self.place, self._make)

    def _make(self, tree: Path) -> None:
        with self.calls.open("a", encoding="ascii") as calls:
            calls.write("x")
        (tree / "bin").mkdir(parents=True)
        (tree / "bin" / "run").write_text("content")
        (tree / "bin" / "run").chmod(0o555)
        (tree / "link").symlink_to("bin/run")
        for path in (tree / "bin" / "run", tree / "link", tree / "bin", tree):
            os.utime(path, (1, 1), follow_symlinks=False)

    @property
    def made(self) -> int:
        return len(self.calls.read_text())

    def names(self) -> List[str]:
        return sorted(path.name for path in self.place.parent.iterdir())


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_what_is_there_is_not_made_again(cache: Cache) -> None:
    assert cache.get() == cache.tree
    assert cache.get() == cache.tree
    assert cache.made == 1
    assert cache.names() == ["place", "place.lock"]


def test_of_many_at_once_one_makes_it(cache: Cache) -> None:
    run_at_once(cache.get, [()] * 8)
    assert cache.made == 1


def write_back(file: Path, content: bytes) -> None:
    """In place, and with its previous time."""
    status = file.stat()
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(status.st_mode)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    write_back(file, bytes(content))


def replace(file: Path) -> None:
    file.unlink()
    file.write_text("content")


DAMAGE = {
    "a flipped bit": lambda tree: flip_bit(tree / "bin/run"),
    "a longer file": lambda tree: write_back(tree / "bin/run", b"content and more"),
    "an empty file": lambda tree: write_back(tree / "bin/run", b""),
    "another file": lambda tree: replace(tree / "bin/run"),
    "a missing file": lambda tree: (tree / "bin/run").unlink(),
    "one more file": lambda tree: (tree / "bin/more").touch(),
    "another mode": lambda tree: (tree / "bin/run").chmod(0o755),
    "another time": lambda tree: os.utime(tree / "bin/run", (2, 2)),
    "another target": lambda tree: ((tree / "link").unlink(), (tree / "link").symlink_to("x")),
    "a file for a link": lambda tree: ((tree / "link").unlink(), (tree / "link").touch()),
    "no tree": lambda tree: remove_tree(tree),
    "no state": lambda tree: (tree.parent / "state.json").unlink(),
    "an empty state": lambda tree: (tree.parent / "state.json").write_text(""),
    "a state that is deep": lambda tree: (tree.parent / "state.json").write_text("[" * 100_000),
    "a state of no time": lambda tree: (tree.parent / "state.json").write_text(
        '{"manifest": "", "stats": "", "checked": Infinity}'
    ),
    "a state of another kind": lambda tree: (tree.parent / "state.json").write_text("[1]"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_differs_is_made_again_before_it_is_used(
    cache: Cache, damage: Callable[[Path], object], capfd: pytest.CaptureFixture[str]
) -> None:
    cache.get()
    damage(cache.tree)
    assert (cache.get() / "bin" / "run").read_text() == "content"
    assert cache.made == 2
    assert (cache.tree / "bin" / "run").stat().st_mode & 0o777 == 0o555
    assert "place is damaged and will be unpacked again: " in capfd.readouterr().err
    assert cache.get() == cache.tree
    assert cache.made == 2


def test_a_link_that_leads_nowhere_is_replaced(cache: Cache) -> None:
    cache.get()
    remove_tree(cache.place)
    cache.place.symlink_to("nowhere")
    assert (cache.get() / "bin" / "run").read_text() == "content"


def test_who_uses_a_damaged_tree_still_has_it(cache: Cache) -> None:
    """Like a build that has it mounted into its sandbox."""
    used = os.open(cache.get(), os.O_RDONLY)
    (cache.tree / "bin" / "run").unlink()
    cache.get()
    assert sorted(os.listdir(used)) == ["bin", "link"]
    os.close(used)


def test_a_copy_is_as_good_and_is_read_once(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.get()
    old = cache.directory.rename(cache.directory.with_name("old"))
    shutil.copytree(old, cache.directory, symlinks=True)
    assert cache.get() == cache.tree
    assert cache.made == 1
    monkeypatch.setattr(module, "check_contents", None)
    assert cache.get() == cache.tree


def test_contents_are_read_again_from_time_to_time(cache: Cache) -> None:
    """A check of a file's state does not notice what changes on the disk by itself."""
    cache.get()
    flip_bit(cache.tree / "bin" / "run")
    state = json.loads((cache.place / "state.json").read_text())
    state["stats"] = stat_digest(cache.tree)
    (cache.place / "state.json").write_text(json.dumps(state))
    assert (cache.get() / "bin" / "run").read_text() != "content"
    state["checked"] -= 31 * 24 * 60 * 60
    (cache.place / "state.json").write_text(json.dumps(state))
    assert (cache.get() / "bin" / "run").read_text() == "content"
    assert cache.made == 2


def test_contents_are_told(cache: Cache) -> None:
    cache.get()
    check_contents(cache.place)
    flip_bit(cache.tree / "bin" / "run")
    (cache.tree / "a\nb").touch()
    with pytest.raises(DamagedTreeError) as raised:
        check_contents(cache.place)
    assert str(raised.value) == (
        r"'.' has another time, 'a\nb' was added, 'bin/run' has another content"
    )


def test_a_damaged_manifest_is_found(cache: Cache) -> None:
    cache.get()
    flip_bit(cache.place / "manifest.json")
    with pytest.raises(DamagedTreeError, match=r"^its manifest\.json is damaged$"):
        check_contents(cache.place)


def test_what_a_killed_one_left_is_removed(cache: Cache) -> None:
    cache.place.parent.mkdir(parents=True)
    leftover = cache.place.with_name("place.unfinished.abc")
    other = cache.place.with_name("other.unfinished.abc")
    for directory in (leftover, other):
        (directory / "half").mkdir(parents=True)
        (directory / "half").chmod(0o555)
    cache.get()
    assert not leftover.exists()
    assert other.exists(), "another one may be at work there"


def test_after_an_error_nothing_is_left_and_the_next_one_tries_again(cache: Cache) -> None:
    def fail(tree: Path) -> None:
        tree.mkdir()
        raise ValueError

    with pytest.raises(ValueError):
        cached_tree(cache.directory, cache.place, fail)
    assert cache.names() == ["place.lock"]
    assert cache.get().is_dir()


def test_a_cache_that_is_removed_meanwhile_is_made_again(cache: Cache) -> None:
    cache.get()
    shutil.rmtree(cache.directory)
    assert cache.get().is_dir()
    assert cache.made == 2


def test_a_cache_can_be_removed_as_any_directory(cache: Cache) -> None:
    """Its owner can use `rm -r`, although the files are read-only."""
    cache.get()
    directories = [path for path in cache.directory.rglob("*") if path.is_dir()]
    assert cache.tree / "bin" in directories
    assert all(path.lstat().st_mode & 0o700 == 0o700 for path in directories)


def test_one_that_can_t_be_replaced_is_told(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.get()
    (cache.tree / "more").touch()

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(LadingError, match="is damaged, and can't be replaced"):
        cache.get()


def test_a_workplace_is_gone_afterwards_whatever_is_in_it(tmp_path: Path) -> None:
    with workplace(tmp_path / "place") as work:
        (work / "a").mkdir()
        (work / "a" / "b").touch()
        (work / "a").chmod(0)
    assert list(tmp_path.iterdir()) == []
