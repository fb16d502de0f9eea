"""Store packages of real files, 1 GB together: programs and libraries of this machine."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

from lading.compression.layer_compression import FILE, LIBRARY, LayerCompression, Method
from lading.image.layers.package_testing import find_libdeflate
from lading.image.programs.compress_main import main as compress
from lading.image.programs.layer_request import LayerPackage
from lading.store.segment import write_segment
from lading.values.json_codec import to_json
from lading.values.path import StorePath

_SOURCES = ("/usr/lib", "/usr/bin", "/usr/share")

#: Makes segments sooner than the default level, and not much larger.
_LEVEL = 6


@dataclass(frozen=True)
class Segments:
    """`compressor` is the library; the packages' files are below `directory`, and so are `trees`,
    what they are made of."""

    directory: Path
    compressor: str
    trees: Path
    packages: Tuple[LayerPackage, ...]

    @property
    def files(self) -> List[Path]:
        return [self.directory / package.segment for package in self.packages]


def make_trees(directory: Path, count: int, size: int) -> List[Path]:
    """`count` directories with copies of real files, `size` bytes in each."""
    files = _real_files()
    trees = []
    for number in range(count):
        tree = directory / str(number)
        tree.mkdir(parents=True)
        left = size
        while left > 0:
            file = next(files)
            left -= file.stat().st_size
            shutil.copyfile(file, tree / f"{left}-{file.name}")
        trees.append(tree)
    return trees


def _real_files() -> Iterator[Path]:
    for source in _SOURCES:
        for directory, names, files in os.walk(source):
            names.sort()
            for name in sorted(files):
                path = Path(directory, name)
                if path.is_file() and not path.is_symlink() and path.stat().st_size:
                    yield path


def make_segments(directory: Path, count: int, size: int) -> Segments:
    """`count` packages of `size` bytes, compressed."""
    library = directory / "compressor"
    library.mkdir(parents=True)
    shutil.copyfile(find_libdeflate(), library / LIBRARY)
    (library / FILE).write_text(to_json(LayerCompression(Method.GZIP, _LEVEL)))
    trees = make_trees(directory / "trees", count, size)
    packages = []
    for number, tree in enumerate(trees):
        package = _package(directory / "packages", number)
        segment, blob, layer = (
            str(directory / name) for name in (package.segment, package.blob, package.description)
        )
        with open(segment, "wb") as file:
            write_segment(tree, package.path, file)
        compress([str(library / LIBRARY), segment, str(package.path), blob, layer])
        packages.append(package)
    return Segments(directory, f"compressor/{LIBRARY}", directory / "trees", tuple(packages))


def _package(directory: Path, number: int) -> LayerPackage:
    path = StorePath(f"{number:032}", f"part-{number}")
    (directory / path.base).mkdir(parents=True)
    files = (f"packages/{path.base}/{name}" for name in ("segment.tar", "blob", "layer.json"))
    return LayerPackage(path, *files)
