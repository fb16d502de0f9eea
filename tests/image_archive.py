"""Reads archives of images as a runtime does: layers and the root file system they make."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True)
class Entry:
    """A file of an image, of any type. `sha256` is empty for what has no content."""

    type: bytes
    mode: int
    owner: Tuple[int, int]
    mtime: float
    target: str
    extended: Mapping[str, str]
    sha256: str


def layers(archive: Path) -> List[bytes]:
    """The layers as they are in the archive, compressed, lowest first."""
    with tarfile.open(archive) as outer:
        (manifest,) = json.loads(_content(outer, "manifest.json"))
        return [_content(outer, name) for name in manifest["Layers"]]


def root_file_system(archive: Path) -> Dict[str, Entry]:
    """All files by path, without a leading slash (OCI image-spec, layer.md, Applying)."""
    root: Dict[str, Entry] = {}
    for blob in layers(archive):
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob))) as layer:
            members = layer.getmembers()
            # Whiteouts are for lower layers only, wherever in their layer they are.
            for member in members:
                _delete(root, member)
            for member in members:
                if not member.name.rpartition("/")[2].startswith(_WHITEOUT):
                    root[member.name] = _entry(layer, member)
    return root


def _delete(root: Dict[str, Entry], member: tarfile.TarInfo) -> None:
    """Delete from lower layers what `member` hides of them."""
    directory, slash, name = member.name.rpartition("/")
    if name == _OPAQUE:
        hidden, below = "", directory + slash
    elif name.startswith(_WHITEOUT):
        hidden = directory + slash + name[len(_WHITEOUT) :]
        below = f"{hidden}/"
    elif member.isdir():
        return
    else:
        hidden, below = member.name, f"{member.name}/"
    for path in [path for path in root if path == hidden or path.startswith(below)]:
        del root[path]


def _entry(layer: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    content = _content(layer, member.name) if member.isreg() else None
    return Entry(
        type=member.type,
        mode=member.mode,
        owner=(member.uid, member.gid),
        mtime=member.mtime,
        target=member.linkname,
        extended=member.pax_headers,
        sha256="" if content is None else hashlib.sha256(content).hexdigest(),
    )


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
