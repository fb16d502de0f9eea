"""Layers to fuzz with: archives that real programs write, damaged and not."""

import gzip
import io
import json
import os
import pickle
import random
import shutil
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression
from lading.compression.zstd_testing import skippable, zstd
from lading.files.bounds import TreeBound, UnpackBound
from lading.image.layers.layer_unpacker import DiskTree, unpack_layer
from lading.image.layers.package_testing import find_libzstd
from lading.image.layers.tree_state import ContentDigests, read_tree
from lading.image.programs import base_layer_main, base_tree_main
from lading.image.programs.base_layer_request import BaseLayerRequest
from lading.image.root.image_tree import ImageTree, described
from lading.namespaces import linux
from lading.namespaces.user_namespace import UserNamespace
from lading.tar import tar_header
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

#: Of so many inputs one is unpacked, which takes longest.
_UNPACKED = 4

_BLOCK = tar_header.BLOCK

_NAMES = [
    *(
        "a",
        "b",
        "c",
        "etc",
        "passwd",
        "group",
        "store",
        "usr",
        "bin",
        "x" * 99,
        "n" * 255,
        "\u00fc",
    ),
    *(".wh.a", ".wh.b", ".wh.etc", ".wh..wh..opq", ".wh..wh.plnk", ".", "", "/"),
    *("..", ".wh.", ".wh..", ".wh...", "\udcff", "\n", "n" * 256, "a/" * 300),
]

# Which of them are so rare that most archives are without.
_COMMON = 20

_TYPES = [
    *[tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE] * 3,
    *(tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.AREGTYPE),
]

#: Offsets and lengths of a header's fields.
_FIELDS = [(0, 100), (100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (148, 8), (156, 1)]
_FIELDS += [(157, 100), (257, 6), (263, 2), (329, 8), (337, 8), (345, 155), (500, 12)]

_VALUES = [
    *(b"", b"\0", b"\xff", b"\x80", b"0", b"7", b" ", b"-1", b"99", b"1", b"777777777777", b"0x1f"),
    *(b"..", b"/", b"../../x", b"etc/passwd", b"x", b"g", b"L", b"K", b"S", b"2", b"5", b"tar\0"),
    *(b"1", b"0,1", b"0,1,600,1", b"1\n0\n1\n", b"2", b"1000"),
    *(b"ustar\0", b"ustar ", b"ustar\00000", b"\x80\0\0\0\0\0\0\0\0\0\1\0", b"00000001000\0"),
]

_KEYS = ["path", "linkpath", "size", "uid", "gid", "mtime", "SCHILY.xattr.user.x"]
_KEYS += ["comment", "", "hdrcharset", "LIBARCHIVE.xattr.user.x"]
_KEYS += ["SCHILY.xattr.security.capability"]
_KEYS += [f"GNU.sparse.{key}" for key in ("major", "minor", "map", "numblocks", "size", "name")]

Tree = Mapping[str, Tuple[object, ...]]


def fuzz_layers(rng: random.Random, directory: Path) -> str:
    """LadingError where a layer is refused."""
    tars = [damaged_tar(rng, _archive(rng)) for _ in range(rng.choice([1, 1, 2, 3]))]
    blobs = [damaged_bytes(rng, _compressed(rng, tar)) for tar in tars]
    unpacked: Optional[Tree] = None
    is_unpacked = rng.randrange(_UNPACKED) == 0
    if is_unpacked:
        unpacked = _unpacked(directory, blobs)
    try:
        listed = _listed(directory, blobs, tars)
    except LadingError as error:
        # What is checked only there: digests, and the texts of account files.
        only = ("when it is decompressed", "can't be read, because")
        if is_unpacked and unpacked is not None and not any(text in str(error) for text in only):
            raise AssertionError("unpacked, but not listed") from error
        raise
    if is_unpacked and unpacked != listed:
        raise AssertionError(f"unpacked: {unpacked}\nlisted: {listed}")
    return "unpacked, the same tree" if is_unpacked else "accepted"


def _archive(rng: random.Random) -> bytes:
    file = io.BytesIO()
    format = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    with tarfile.open(fileobj=file, mode="w", format=format, errors="surrogateescape") as archive:
        for _ in range(rng.randrange(10)):
            info = tarfile.TarInfo(random_name(rng))
            info.type, info.linkname = rng.choice(_TYPES), random_name(rng)
            info.mode, info.uid, info.gid = rng.choice([0o644, 0o755, 0o7777]), *_owner(rng)
            content = rng.randbytes(rng.choice([0, 1, 511, 512, 2000]))
            info.size = len(content) if info.isreg() else 0
            if rng.random() < 0.2:
                info.pax_headers = {rng.choice(_KEYS[6:]): "x", "mtime": "1.5"}
            with suppress(ValueError):  # what the format has no room for
                archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def random_name(rng: random.Random) -> str:
    names = _NAMES if rng.random() < 0.01 else _NAMES[:_COMMON]
    name = "/".join(rng.choice(names) for _ in range(rng.randrange(1, 4)))
    return rng.choice(["", "", "", "/", "./", "../"][: 6 if rng.random() < 0.02 else 5]) + name


def _owner(rng: random.Random) -> Tuple[int, int]:
    return rng.choice([(0, 0), (0, 0), (33, 7), (1000, 1000)])


def damaged_tar(rng: random.Random, tar: bytes) -> bytes:
    damages: List[Callable[[random.Random, bytes], bytes]] = [
        *(_changed_field, _changed_field, _changed_field, _changed_field, _moved_block),
        *(damaged_bytes, _more_pax, _more_pax),
    ]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3])):
        tar = rng.choice(damages)(rng, tar)
    return tar


def _changed_field(rng: random.Random, tar: bytes) -> bytes:
    """With a checksum that fits, mostly."""
    starts = [
        at for at in range(0, len(tar) - _BLOCK, _BLOCK) if tar[at + 257 : at + 262] == b"ustar"
    ]
    if not starts:
        return tar
    at = rng.choice(starts)
    block = bytearray(tar[at : at + _BLOCK])
    offset, length = rng.choice(_FIELDS)
    value = rng.choice([*_VALUES, rng.randbytes(length)])
    block[offset : offset + length] = value[:length].ljust(length, rng.choice([b"\0", b" "]))
    if rng.random() < 0.9:
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    return tar[:at] + bytes(block) + tar[at + _BLOCK :]


def _moved_block(rng: random.Random, tar: bytes) -> bytes:
    blocks = [tar[at : at + _BLOCK] for at in range(0, len(tar), _BLOCK)]
    block = blocks.pop(rng.randrange(len(blocks)))
    if rng.random() < 0.7:
        blocks.insert(rng.randrange(len(blocks) + 1), block)
    return b"".join(blocks)


def _more_pax(rng: random.Random, tar: bytes) -> bytes:
    data = b""
    for _ in range(rng.randrange(1, 4)):
        value = rng.choice([*_VALUES, random_name(rng).encode("utf-8", "surrogateescape")])
        body = b" " + rng.choice(_KEYS).encode() + b"=" + value + b"\n"
        length = len(body) + 2 if len(body) < 98 else len(body) + 3
        data += b"%d" % (length + rng.choice([0] * 9 + [1])) + body
    info = tarfile.TarInfo("pax")
    info.type, info.size = rng.choice([tarfile.XHDTYPE] * 3 + [tarfile.XGLTYPE]), len(data)
    at = rng.randrange(len(tar) // _BLOCK + 1) * _BLOCK if rng.random() < 0.3 else 0
    header = info.tobuf(tarfile.USTAR_FORMAT) + data + tar_header.padding(len(data))
    return tar[:at] + header + tar[at:]


def damaged_bytes(rng: random.Random, data: bytes) -> bytes:
    damage = rng.random()
    at = rng.randrange(len(data) + 1)
    if damage < 0.03:
        return data[:at]
    if damage < 0.06:
        return data[:at] + rng.randbytes(rng.choice([1, 2, 4])) + data[at + 1 :]
    if damage < 0.08:
        return data + rng.choice([bytes(_BLOCK), rng.randbytes(9), data])
    return data


def _compressed(rng: random.Random, tar: bytes) -> bytes:
    ways: List[Callable[[bytes], bytes]] = [bytes, gzip.compress, zstd]
    compress = rng.choice(ways)
    if rng.random() < 0.3:
        cut = rng.randrange(len(tar) + 1)
        middle = skippable(b"x" * 9) if compress is zstd else b""
        return compress(tar[:cut]) + middle + compress(tar[cut:])
    return compress(compress(tar)) if rng.random() < 0.01 else compress(tar)


def _listed(directory: Path, blobs: List[bytes], tars: List[bytes]) -> Tree:
    layers = []
    for number, (blob, tar) in enumerate(zip(blobs, tars)):
        files = [str(directory / f"{number}.{name}") for name in ("json", "blob", "layer", "list")]
        request = BaseLayerRequest(Sha256.of(blob), len(blob), "", Sha256.of(tar), "fuzz")
        Path(files[0]).write_text(to_json(request))
        Path(files[1]).write_bytes(blob)
        base_layer_main.main([files[0], find_libzstd(), *files[1:]])
        layers.append({"description": files[2], "listing": files[3]})
    tree_request = {"layers": layers, "max_unpacked_size": None}
    (directory / "request").write_text(json.dumps(tree_request))
    base_tree_main.main([str(directory / "request"), str(directory / "tree")])
    tree = from_json(ImageTree, (directory / "tree").read_text())
    return {
        path: (entry.kind, entry.mode, entry.uid, entry.gid, entry.target)
        for path, entry in tree.entries.items()
    }


def _unpacked(directory: Path, blobs: List[bytes]) -> Optional[Tree]:
    """None if they are refused; without what lies below `store`."""
    root, result = directory / "root", directory / "result"
    outside = directory / "outside"
    outside.mkdir(exist_ok=True)
    reader = BlobReader(find_libzstd(), UnpackBound(sum(map(len, blobs))))
    archives = [reader.chunks(io.BytesIO(blob), Compression.of(io.BytesIO(blob))) for blob in blobs]

    def task() -> int:
        root.mkdir()
        try:
            bound, disk = TreeBound(), DiskTree()
            for chunks in archives:
                with linux.inside(root):
                    unpack_layer(chunks, frozenset(), bound, disk)
            result.write_bytes(pickle.dumps(_entries(root)))
        finally:
            shutil.rmtree(root)
        return 0

    before = sorted(os.listdir(directory))
    try:
        UserNamespace.of_this_user().run(task)
    except LadingError:
        return None
    finally:
        left = set(os.listdir(directory)) - {*before, "result"}
        assert not left and not os.listdir(outside), f"outside of the tree: {left}"
    tree: Tree = pickle.loads(result.read_bytes())
    return tree


def _entries(root: Path) -> Dict[str, Tuple[object, ...]]:
    state = read_tree(str(root), (), ContentDigests())
    entries = (described(state[path], path) for path in state if not path.startswith("store/"))
    return {
        entry.path: (entry.kind, entry.mode, entry.uid, entry.gid, entry.target)
        for entry in entries
    }
