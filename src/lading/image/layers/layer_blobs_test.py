from pathlib import Path

from lading.compression.zstd_testing import BLOCK_LIMIT, zeros
from lading.files.bounds import FLOOR
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.layers.package_testing import find_libzstd


def test_an_image_of_one_s_own_may_be_as_large_as_it_is(tmp_path: Path) -> None:
    """Only untrusted layers are bounded, and they have been read before."""
    (tmp_path / "blob").write_bytes(zeros(FLOOR // BLOCK_LIMIT + 1))
    tars = LayerBlobs((tmp_path / "blob",), find_libzstd()).tars()
    assert [sum(map(len, chunks)) > FLOOR for chunks in tars] == [True]
