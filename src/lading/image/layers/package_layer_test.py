import gzip
import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import List

import pytest

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.layer import Layer
from lading.image.layers.package_testing import MakePackage, Package, Program
from lading.image.programs.layer_request import PackagesLayerRequest
from lading.image.programs.packages_layer_main import main
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json


@pytest.fixture
def redis(make_package: MakePackage) -> Package:
    return make_package("redis", {"bin/redis": Program(b"redis" * 100)})


@pytest.fixture
def glibc(make_package: MakePackage) -> Package:
    return make_package("glibc", {"lib/libc.so": b"libc" * 100})


def names(tar: bytes) -> List[str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return archive.getnames()


def test_a_compressed_package_is_a_layer(redis: Package) -> None:
    files = redis.layer_package
    blob = Path(files.blob).read_bytes()
    tar = gzip.decompress(blob)
    layer = Layer.read(Path(files.description))
    assert replace(layer, package=None) == Layer(
        digest=Sha256.of(blob),
        diff_id=Sha256.of(tar),
        size=len(blob),
        media_type=GZIP_MEDIA_TYPE,
        created_by="lading: redis",
        tar_size=len(tar),
    )
    root = str(redis.path)[1:]
    assert names(tar) == ["store", root, f"{root}/bin", f"{root}/bin/redis"]


def test_its_part_of_that_layer_is_the_segment(redis: Package) -> None:
    files = redis.layer_package
    part = Layer.read(Path(files.description)).package
    assert part is not None
    compressed = Path(files.blob).read_bytes()[part.offset :][: part.size]
    assert gzip.decompress(compressed) == Path(files.segment).read_bytes()


def layer_of(directory: Path, libdeflate: str, *packages: Package) -> bytes:
    """The tar of a layer of several packages."""
    request = PackagesLayerRequest(tuple(package.layer_package for package in packages), "lading")
    request_file, blob, layer = (directory / name for name in ("request", "blob", "layer.json"))
    request_file.write_text(to_json(request))
    main([str(request_file), libdeflate, str(blob), str(layer)])
    assert Layer.read(layer).digest == Sha256.of(blob.read_bytes())
    tar = gzip.decompress(blob.read_bytes())
    assert (Layer.read(layer).diff_id, Layer.read(layer).tar_size) == (Sha256.of(tar), len(tar))
    return tar


def test_a_layer_of_several_packages_whatever_their_order(
    tmp_path: Path, libdeflate: str, redis: Package, glibc: Package
) -> None:
    tar = layer_of(tmp_path, libdeflate, redis, glibc)
    roots = [str(package.path)[1:] for package in (glibc, redis)]
    assert names(tar) == [
        "store",
        roots[0],
        f"{roots[0]}/lib",
        f"{roots[0]}/lib/libc.so",
        roots[1],
        f"{roots[1]}/bin",
        f"{roots[1]}/bin/redis",
    ]
    assert tar == layer_of(tmp_path, libdeflate, glibc, redis)


def test_nixpkgs_45369_a_package_is_not_twice_in_a_layer(
    tmp_path: Path, libdeflate: str, redis: Package
) -> None:
    with pytest.raises(LadingError, match="/store/r{32}-redis is twice in one layer"):
        layer_of(tmp_path, libdeflate, redis, redis)
