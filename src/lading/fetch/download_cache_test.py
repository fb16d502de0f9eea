import hashlib
import threading
from pathlib import Path
from typing import List

import pytest

from lading.fetch.download_cache import DownloadCache
from lading.values.digest import Sha256

BODY = b"content" * 1000
DIGEST = Sha256(hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def cache(tmp_path: Path) -> DownloadCache:
    return DownloadCache(str(tmp_path / "downloads"))


def names(cache: DownloadCache) -> List[str]:
    return sorted(path.name for path in Path(cache.directory).iterdir())


def fill(cache: DownloadCache) -> None:
    with cache.part(DIGEST) as part:
        assert part is not None
        part.write(BODY)


def test_a_completed_part_can_be_copied(cache: DownloadCache, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert not cache.copy_to(DIGEST, str(target))
    fill(cache)
    assert names(cache) == [DIGEST.hex]
    assert cache.copy_to(DIGEST, str(target))
    assert target.read_bytes() == BODY


def test_a_damaged_file_is_removed(cache: DownloadCache, tmp_path: Path) -> None:
    fill(cache)
    Path(cache.directory, DIGEST.hex).write_bytes(BODY[1:])
    target = tmp_path / "copy"
    assert not cache.copy_to(DIGEST, str(target))
    assert not target.exists()
    assert names(cache) == []


def test_an_interrupted_part_stays_for_the_next_time(cache: DownloadCache) -> None:
    with pytest.raises(KeyboardInterrupt), cache.part(DIGEST) as part:
        assert part is not None
        part.write(BODY[:10])
        raise KeyboardInterrupt
    with cache.part(DIGEST) as part:
        assert part is not None
        assert (part.size, part.is_pieced) == (10, True)
        part.write(BODY[10:])
        assert part.sha256() == DIGEST
    assert names(cache) == [DIGEST.hex]


def test_a_part_without_content_does_not_stay(cache: DownloadCache) -> None:
    with pytest.raises(KeyboardInterrupt), cache.part(DIGEST):
        raise KeyboardInterrupt
    assert names(cache) == []


def test_a_completed_file_needs_no_part(cache: DownloadCache) -> None:
    fill(cache)
    with cache.part(DIGEST) as part:
        assert part is None
    assert names(cache) == [DIGEST.hex]


def test_one_writes_and_the_others_wait(cache: DownloadCache) -> None:
    written: List[bool] = []

    def write_or_wait() -> None:
        with cache.part(DIGEST) as part:
            written.append(part is not None)
            if part is not None:
                part.write(BODY)

    threads = [threading.Thread(target=write_or_wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [False] * 7 + [True]
    assert names(cache) == [DIGEST.hex]
