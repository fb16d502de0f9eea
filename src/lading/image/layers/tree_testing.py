"""Trees of files as parts of layers, for tests."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Dict, List, Tuple

from lading.compression.layer_compressor import LayerCompressor
from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.image.layers.layer_writer import SegmentFiles
from lading.image.layers.parts_layer import write_parts_layer
from lading.image.layers.tree_parts import PlannedParts, TreePart
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.tar.tree_segment import TreeFile, write_tree_segment


def file(
    path: str, content: bytes = b"", mode: int = 0o644, uid: int = 0, gid: int = 0
) -> TreeFile:
    return TreeFile(Entry(path, Kind.FILE, mode, uid, gid), content)


def hard_link(path: str, target: str) -> TreeFile:
    return TreeFile(Entry(path, Kind.FILE, 0o644, hardlink=target))


def symlink(path: str, target: str) -> TreeFile:
    return TreeFile(Entry(path, Kind.SYMLINK, LINK_MODE, target=target))


def directory(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> TreeFile:
    return TreeFile(Entry(path, Kind.DIRECTORY, mode, uid, gid))


def segment_of(*files: TreeFile) -> Tuple[bytes, Tuple[Entry, ...]]:
    output = io.BytesIO()
    members = write_tree_segment(files, output)
    return output.getvalue(), members


def unpacked(segment: bytes) -> List[tarfile.TarInfo]:
    return tarfile.open(fileobj=io.BytesIO(segment + END_OF_ARCHIVE)).getmembers()


class Parts:
    """Parts with real segments."""

    def __init__(self, scratch: Path, deflate: LayerCompressor) -> None:
        self._scratch, self._deflate = scratch, deflate

    def __call__(self, name: str, *files: TreeFile) -> TreePart:
        segment, compressed = self._scratch / f"{name}.tar", self._scratch / f"{name}.tar.gz"
        with segment.open("wb") as output:
            members = write_tree_segment(files, output)
        with segment.open("rb") as tar, compressed.open("wb") as gzip:
            self._deflate.compress(tar, gzip)
        return TreePart(name, SegmentFiles(segment, compressed), members)

    def layer(self, plan: PlannedParts, *parts: TreePart) -> Dict[str, str]:
        """Contents and targets by path, without directories."""
        blob = self._scratch / "blob"
        write_parts_layer(plan, parts, self._deflate, blob, "test")
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob.read_bytes()))) as archive:
            names = archive.getnames()
            assert len(names) == len(set(names)), "a path is in the layer once"
            found = {}
            for info in archive:
                content = archive.extractfile(info) if info.isreg() else None
                if content is not None:
                    found[info.name] = content.read().decode()
                elif not info.isdir():
                    found[info.name] = info.linkname
            return found
