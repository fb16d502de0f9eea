import errno
import os
from pathlib import Path

import pytest

from lading.runtime.full_disk import full_disk, hardly_any_room
from lading.runtime.small_disk_testing import on_small_disk

ERROR = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_it_is_told_how_much_is_free_where(tmp_path: Path) -> None:
    def fill() -> str:
        Path("full").write_bytes(bytes(900_000))
        return full_disk(ERROR)

    sentence = on_small_disk(tmp_path, "size=1000k", fill)
    assert sentence.startswith("there is no room left on a disk ([Errno 28] No space left on")
    assert f"Where sandboxes lie, {tmp_path}, 0.1 of 1.0 MB are free now. Make room" in sentence
    assert "caches lie" not in sentence


def test_a_disk_may_be_full_of_files(tmp_path: Path) -> None:
    def fill() -> str:
        with pytest.raises(OSError, match="No space left"):
            for number in range(20):
                Path(str(number)).touch()
        return full_disk(ERROR)

    sentence = on_small_disk(tmp_path, "size=1m,nr_inodes=10", fill)
    assert "1.0 of 1.0 MB are free now, but no more files can be made. Make room" in sentence


def test_a_program_of_the_user_s_may_have_failed_for_want_of_room(tmp_path: Path) -> None:
    def fill() -> str:
        free = hardly_any_room()
        Path("full").write_bytes(bytes(7_900_000))
        return f"{free}|{hardly_any_room()}"

    free, _, full = on_small_disk(tmp_path, "size=8000k", fill).partition("|")
    assert free == ""
    assert full.startswith(
        f"There is hardly any room left on a disk. Where sandboxes lie, {tmp_path}, 0.3 of 8.2 MB "
    )


def test_or_for_want_of_files(tmp_path: Path) -> None:
    def fill() -> str:
        with pytest.raises(OSError, match="No space left"):
            for number in range(20):
                Path(str(number)).touch()
        return hardly_any_room()

    sentence = on_small_disk(tmp_path, "size=8m,nr_inodes=10", fill)
    assert "8.4 of 8.4 MB are free now, but no more files can be made. Make room" in sentence


def test_caches_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "named/lading").mkdir(parents=True)
    (tmp_path / ".lading").mkdir()
    (tmp_path / ".lading/cache").symlink_to(tmp_path / "named/lading")
    assert f"; where caches lie, {tmp_path}/named/lading, " in full_disk(ERROR)
