import errno
import os
from pathlib import Path
from typing import Callable

import pytest

from lading.full_disk import full_disk
from lading.image import linux
from lading.image.namespace_testing import as_root

ERROR = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def on_a_small_disk(directory: Path, options: str, task: Callable[[], str]) -> str:
    """What `task` says in `directory`, which is a disk of these options."""

    def work() -> str:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("tmpfs", directory, "tmpfs", 0, options)
        os.chdir(directory)
        return task()

    return str(as_root(work))


def test_it_is_told_how_much_is_free_where(tmp_path: Path) -> None:
    def fill() -> str:
        Path("full").write_bytes(bytes(900_000))
        return full_disk(ERROR)

    sentence = on_a_small_disk(tmp_path, "size=1000k", fill)
    assert sentence.startswith("there is no room left on a disk ([Errno 28] No space left on")
    assert f"Where sandboxes lie, {tmp_path}, 0.1 of 1.0 MB are free now. Make room" in sentence
    assert "caches lie" not in sentence


def test_a_disk_may_be_full_of_files(tmp_path: Path) -> None:
    def fill() -> str:
        with pytest.raises(OSError, match="No space left"):
            for number in range(20):
                Path(str(number)).touch()
        return full_disk(ERROR)

    sentence = on_a_small_disk(tmp_path, "size=1m,nr_inodes=10", fill)
    assert "1.0 of 1.0 MB are free now, but no more files can be made. Make room" in sentence


def test_caches_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "named/lading").mkdir(parents=True)
    (tmp_path / ".lading").mkdir()
    (tmp_path / ".lading/cache").symlink_to(tmp_path / "named/lading")
    assert f"; where caches lie, {tmp_path}/named/lading, " in full_disk(ERROR)
