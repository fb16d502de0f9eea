import gzip
import lzma
from typing import Callable

import pytest

from lading.debian.lock.packed_index import unpacked
from lading.values.errors import LadingError

FORMATS = pytest.mark.parametrize("packing, pack", [(".xz", lzma.compress), (".gz", gzip.compress)])


@FORMATS
def test_one_and_several_streams(packing: str, pack: Callable[[bytes], bytes]) -> None:
    assert unpacked(packing, pack(b"abc"), 3) == b"abc"
    assert unpacked(packing, pack(b"abc") + pack(b"") + pack(b"def") + bytes(8), 6) == b"abcdef"
    assert unpacked("", b"abc", 3) == b"abc"


@FORMATS
@pytest.mark.parametrize(
    "damage", [lambda text: text[:-1], lambda text: text + b"x", lambda text: b"x"]
)
def test_what_is_damaged_is_refused(
    packing: str, pack: Callable[[bytes], bytes], damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(LadingError, match="^It can't be unpacked "):
        unpacked(packing, damage(pack(b"abc")), 100)


@FORMATS
def test_no_more_than_the_limit_is_unpacked(packing: str, pack: Callable[[bytes], bytes]) -> None:
    for packed in (pack(bytes(1 << 24)), pack(bytes(60)) * 2):
        with pytest.raises(LadingError, match="more than 100 bytes"):
            unpacked(packing, packed, 100)
