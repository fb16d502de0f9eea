"""The layers of an image as files, whatever their compression."""

from dataclasses import dataclass
from pathlib import Path
from typing import FrozenSet, Iterator, Tuple

from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression
from lading.files.attributes import forget_default_acl
from lading.files.bounds import TreeBound
from lading.image.layers.layer_unpacker import DiskTree, unpack_layer
from lading.namespaces import linux


@dataclass(frozen=True)
class LayerBlobs:
    """`blobs` are absolute paths, lowest first. `libzstd` is the path of the library, which only
    zstd blobs need."""

    blobs: Tuple[Path, ...]
    libzstd: str

    def tars(self) -> Iterator[Iterator[bytes]]:
        """Iterates over the tar archive of each layer, in chunks. A layer can be read in a chroot,
        until the next one is taken."""
        reader = BlobReader(self.libzstd)
        for path in self.blobs:
            with path.open("rb") as blob:
                yield reader.chunks(blob, Compression.of(blob))

    def unpack(self, root: Path, skipped: FrozenSet[str] = frozenset()) -> DiskTree:
        """Create the directory `root` and unpack all layers into it, except for the paths in
        `skipped`.

        Must run as root of a user namespace (`UserNamespace.run`).
        """
        root.mkdir(mode=0o755)
        forget_default_acl(str(root))
        bound, tree = TreeBound(), DiskTree()
        for tar in self.tars():
            with linux.inside(root):
                unpack_layer(tar, skipped, bound, tree)
        return tree
