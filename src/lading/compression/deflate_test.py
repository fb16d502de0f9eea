import gzip
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lading.compression.deflate import Deflate
from lading.compression.layer_compressor import MEMBER_SIZE, LayerCompressor
from lading.values.digest import Sha256
from lading.values.errors import LadingError


def compressed(deflate: LayerCompressor, data: bytes) -> bytes:
    output = io.BytesIO()
    deflate.compress(io.BytesIO(data), output)
    return output.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=5))
def test_members_concatenate(deflate: LayerCompressor, parts: "list[bytes]") -> None:
    joined = b"".join(compressed(deflate, part) for part in parts)
    assert gzip.decompress(joined) == b"".join(parts)


def test_nothing_is_nothing(deflate: LayerCompressor) -> None:
    assert compressed(deflate, b"") == b""


def test_long_input_is_several_members(deflate: LayerCompressor) -> None:
    data = bytes(range(256)) * (MEMBER_SIZE // 256)
    tail = compressed(deflate, b"tail")
    whole = compressed(deflate, data + b"tail")
    assert whole == compressed(deflate, data) + tail
    assert gzip.decompress(whole) == data + b"tail"


def test_rules_distroless_207_the_header_has_no_time_and_no_name(deflate: LayerCompressor) -> None:
    # RFC 1952: magic, deflate, no flags, four bytes of time, slowest, unknown system.
    assert compressed(deflate, b"x")[:10] == bytes.fromhex("1f8b08 00 00000000 02 ff")


def test_the_bytes_stay_the_same(deflate: LayerCompressor) -> None:
    """Of libdeflate 1.14, the pinned one."""
    data = b"".join(b"%d redis\n" % number for number in range(10000))
    digest = Sha256.of(compressed(deflate, data))
    assert digest.hex == "fb8f02cbc497c82abe24d3ec24c0141c1d54ff0c57426d207d41c9f56a6efc92"


def test_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    library = tmp_path / "libdeflate.so.0"
    library.write_bytes(b"not ELF")
    with pytest.raises(LadingError, match="libdeflate can't be loaded on this machine"):
        Deflate(str(library))
