import os
import shutil
from pathlib import Path
from typing import List, Tuple

from lading.image.layers.package_testing import MakePackage
from lading.runtime.small_disk_testing import on_small_disk, sentence_of


def test_nixpkgs_377363_a_full_disk_leaves_no_part_of_a_layer(
    make_package: MakePackage, libdeflate: str, tmp_path: Path
) -> None:
    files = make_package("noise", {"share/noise": os.urandom(300_000)}).layer_package
    small = tmp_path / "small"
    small.mkdir()

    def fill() -> Tuple[str, List[str]]:
        shutil.copy(files.segment, "segment.tar")
        arguments = (libdeflate, "segment.tar", str(files.path), "blob", "layer.json")
        return sentence_of("lading.image.programs.compress_main", *arguments), os.listdir()

    sentence, left = on_small_disk(small, "size=500k", fill)
    assert sentence.startswith("there is no room left on a disk ([Errno 28] No space left")
    assert left == ["segment.tar"]
