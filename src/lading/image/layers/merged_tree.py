"""The merged tree of a pulled image's layers, from their listings."""

from dataclasses import replace
from typing import Iterable, Optional

from lading.files.bounds import TreeBound
from lading.files.links import follow
from lading.image.layers.kept_content import LIMIT
from lading.image.layers.layer_applier import LayerApplier
from lading.image.layers.layer_listing import ListedMember
from lading.image.layers.memory_tree import MemoryTree
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.dpkg_status import read_dpkg_status
from lading.image.root.image_tree import ADDED_TO, ImageTree, described
from lading.values.errors import LadingError
from lading.values.path import STORE_DIR

_STORE = STORE_DIR.lstrip("/") + "/"


class MergedTree:
    """A file's content is None unless the listings have it."""

    def __init__(self) -> None:
        self._tree: MemoryTree[Optional[bytes]] = MemoryTree()
        self._bound = TreeBound()

    def apply(self, layer: Iterable[ListedMember]) -> None:
        """Raises LayerError for a layer that no runtime could unpack."""
        applier = LayerApplier(self._tree, self._bound)
        for member, content in layer:
            applier.add(member, content)
        applier.finish()

    def to_image_tree(self) -> ImageTree:
        """Raises LadingError if the content of an account file is not known."""
        contents = self._tree.contents
        entries = {
            path: described(entry, path)
            for path, entry in self._tree.entries.items()
            if not path.startswith(_STORE)
        }
        data = {}
        for path in ACCOUNT_FILES:
            place = follow(f"{path}/.", self._tree.link_target)
            if place is not None and place in contents:
                data[path] = _known(path, contents[place])
        for path in ADDED_TO & entries.keys():
            entries[path] = replace(entries[path], data=contents.get(path) or b"")
        status = read_dpkg_status(entries, contents.get)
        return ImageTree(entries, AccountFiles.from_data(data), status)


def _known(path: str, content: Optional[bytes]) -> bytes:
    if content is None:
        raise LadingError(
            f"the base's /{path} can't be read, because it has more than {LIMIT} bytes, or is a "
            "link to a file in a lower layer. Choose another base."
        )
    return content
