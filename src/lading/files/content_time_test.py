import time

from lading.files.content_time import content_time
from lading.values.digest import Sha256


def test_the_same_content_has_the_same_time_and_another_has_another() -> None:
    assert content_time(Sha256.of(b"one page")) == 692535503
    times = {content_time(Sha256.of(b"%d" % number)) for number in range(10_000)}
    assert len(times) == 10_000


def test_times_are_past_and_zip_archives_can_hold_them() -> None:
    first, last = (content_time(Sha256(digit * 64)) for digit in "0f")
    assert time.gmtime(first)[:3] == (1980, 1, 1)
    assert time.gmtime(last)[:3] == (2014, 1, 9)
