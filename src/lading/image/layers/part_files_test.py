import gzip
import os
from pathlib import Path

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.part_files import PartFiles, write_part
from lading.runtime.whole_file import write_whole
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

FILE = TreeFile(Entry("srv/a", Kind.FILE, 0o644), b"text")


def test_what_is_written_is_read_as_a_part(tmp_path: Path, libdeflate: str) -> None:
    outputs = [str(tmp_path / name) for name in ("segment", "compressed", "members")]
    write_part([FILE], libdeflate, outputs)
    part = PartFiles("a", *outputs).read()
    assert [(member.path, member.size) for member in part.members] == [("srv/a", 4)]
    assert gzip.decompress(part.files.compressed.read_bytes()) == part.files.segment.read_bytes()


def test_after_an_error_there_is_no_half_file(tmp_path: Path, libdeflate: str) -> None:
    outputs = [str(tmp_path / name) for name in ("segment", "compressed", "members")]
    for output in outputs:
        write_whole(Path(output), "before")
    with pytest.raises(LadingError, match="/srv/a is there twice"):
        write_part([FILE, FILE], libdeflate, outputs)
    assert [Path(output).read_text() for output in outputs] == ["before"] * 3
    assert len(os.listdir(tmp_path)) == 3
