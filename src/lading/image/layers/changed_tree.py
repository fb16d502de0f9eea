"""The files of an image after commands have changed it."""

from dataclasses import replace
from typing import Callable, Dict, Optional, Sequence

from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.layers.changes import Change
from lading.image.layers.tree_state import TreeState
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.dpkg_status import read_dpkg_status
from lading.image.root.image_tree import ImageTree, described


def changed_tree(
    tree: ImageTree, changes: Sequence[Change], after: TreeState, read: Callable[[str], bytes]
) -> ImageTree:
    """`tree` after `changes`, which led to the state `after`. `read` returns a file's content.

    A named pipe counts as a file.
    """
    gone = {
        change.path for change in changes if change.entry is None or not change.entry.is_directory
    }
    entries = {path: entry for path, entry in tree.entries.items() if not _is_below(path, gone)}
    for change in changes:
        if change.entry is None:
            entries.pop(change.path, None)
        else:
            entries[change.path] = described(change.entry, change.path)
    accounts = _changed_accounts(tree.accounts, after, read)
    files = (path for path, entry in after.items() if entry.kind == Kind.FILE)
    status = read_dpkg_status(files, read)
    return replace(tree, entries=entries, accounts=accounts, dpkg_status=status)


def _is_below(path: str, places: "set[str]") -> bool:
    parts = path.split("/")
    return any("/".join(parts[:length]) in places for length in range(1, len(parts)))


def _changed_accounts(
    accounts: AccountFiles, after: TreeState, read: Callable[[str], bytes]
) -> AccountFiles:
    def target_of(path: str) -> Optional[str]:
        entry = after.get(path)
        return entry.target if entry is not None and entry.is_symlink else None

    known = accounts.to_data()
    data: Dict[str, bytes] = {}
    for path in ACCOUNT_FILES:
        # The file or its directory may be a link, which must not be followed out of the tree.
        place = follow(f"{path}/.", target_of)
        entry = None if place is None else after.get(place)
        if place is not None and entry is not None and entry.kind == Kind.FILE:
            data[path] = read(place)
        elif path in after and path in known:
            # A link into the store, which was followed when the layer below was made.
            data[path] = known[path]
    return AccountFiles.from_data(data)
