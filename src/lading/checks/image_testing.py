"""Images in memory and in files for tests."""

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Dict, Mapping

from lading.checks.visible_files import VisibleFiles
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.root.account_files import AccountFiles

ACCOUNTS = AccountFiles(
    passwd="root:x:0:0:root:/root:/bin/sh\nredis:x:999:998::/data:/sbin/nologin\n",
    group="root:x:0:\nredis:x:998:\n",
)


def directory(mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    return Entry("", Kind.DIRECTORY, mode, uid, gid)


def link(target: str) -> Entry:
    return Entry("", Kind.SYMLINK, 0o777, target=target)


def program(mode: int = 0o755) -> Entry:
    return Entry("", Kind.FILE, mode)


def image_files(files: Mapping[str, Entry], contents: Mapping[str, bytes] = {}) -> VisibleFiles:
    """With all parent directories, and files of mode 0644 for `contents`."""
    all_files: Dict[str, Entry] = {path: Entry(path, Kind.FILE, 0o644) for path in contents}
    all_files.update(files)
    for path in list(all_files):
        while path:
            path = path.rpartition("/")[0]
            all_files.setdefault(path, directory())
    return VisibleFiles(all_files, contents)


def layer_blobs(*layers: bytes) -> LayerBlobs:
    """In a temporary directory that exists until the tests end."""
    parent = Path(tempfile.mkdtemp(prefix="lading-layers-"))
    atexit.register(shutil.rmtree, parent)
    paths = tuple(parent / str(number) for number in range(len(layers)))
    for path, content in zip(paths, layers):
        path.write_bytes(content)
    return LayerBlobs(paths, libzstd="")
