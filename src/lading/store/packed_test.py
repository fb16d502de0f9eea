import bz2
import contextlib
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Callable, Dict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.store import packed
from lading.values.errors import LadingError

TEXT = b"what lies inside " * 9000  # more than a chunk


def unpack(path: Path, limit: int = packed.UNPACKED_LIMIT) -> Dict[str, bytes]:
    """Every member that is complete."""
    whole = {}
    for name, chunks in packed.members(os.fspath(path), path.name, limit):
        with contextlib.suppress(packed.DamagedMemberError):
            whole[name] = b"".join(chunks)
    return whole


def zip_of(files: Dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"short", TEXT])
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_streams(tmp_path: Path, compress: Callable[[bytes], bytes], content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(compress(content))
    assert unpack(path) == {"": content}


def test_gzip_members_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"".join(gzip.compress(b"%d " % number) for number in range(9000)))
    assert unpack(path)[""].split() == [b"%d" % number for number in range(9000)]


@pytest.mark.parametrize("trailer", [b"\0" * 512, b"signature"])
def test_what_follows_a_gzip_member_is_ignored(tmp_path: Path, trailer: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(TEXT) + trailer)
    assert unpack(path) == {"": TEXT}


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_zip_methods(tmp_path: Path, method: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(zip_of({"a": TEXT, "d/b": b"b"}, method))
    assert unpack(path) == {"a": TEXT, "d/b": b"b"}


def test_a_zip_behind_a_shebang_as_pex_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"#!/usr/bin/env python3\n" + zip_of({"__main__.py": TEXT}))
    assert unpack(path) == {"__main__.py": TEXT}


def test_a_compressed_tar_shows_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(tar_of("x", TEXT)))
    assert TEXT in unpack(path)[""]


def test_one_level_of_nesting(tmp_path: Path) -> None:
    inner = zip_of({"deep.gz": gzip.compress(TEXT)})
    path = tmp_path / "file"
    path.write_bytes(zip_of({"inner.jar": inner, "page.gz": gzip.compress(TEXT)}))
    assert unpack(path) == {
        "inner.jar": inner,
        "inner.jar!/deep.gz": gzip.compress(TEXT),
        "page.gz": gzip.compress(TEXT),
        "page.gz!/": TEXT,
    }


def encrypted_zip() -> bytes:
    data = bytearray(zip_of({"a": TEXT}))
    data[6] |= 1  # the flag of the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def unknown_method_zip(**others: bytes) -> bytes:
    data = bytearray(zip_of({"a": TEXT, **others}))
    struct.pack_into("<H", data, 8, 99)
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, 99)
    return bytes(data)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "empty"),
        (b"plain text", "not compressed"),
        (b"#!/bin/sh\n:\n", "a script"),
        (gzip.compress(TEXT)[:-1], "cut off in the trailer"),
        (gzip.compress(TEXT)[:5], "cut off in the header"),
        (gzip.compress(TEXT)[:-8] + b"\0" * 8, "wrong checksum"),
        (lzma.compress(TEXT)[:-20], "cut off"),
        (bz2.compress(TEXT)[:-20], "cut off"),
        (b"BZhello", "only looks like bzip2"),
        (zip_of({"a": TEXT})[:-40], "no central directory"),
        (encrypted_zip(), "encrypted"),
        (unknown_method_zip(), "unknown method"),
        (zip_of({"a": gzip.compress(b"x")[:-3]}), "nested and cut off, but the member is whole"),
    ],
)
def test_damaged_files_give_nothing_and_no_error(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert set(unpack(path)) <= {"a"}, reason
    assert TEXT not in unpack(path).values(), reason


def test_what_follows_a_damaged_member_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(unknown_method_zip(b=b"whole"))
    assert unpack(path) == {"b": b"whole"}


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT), lzma.compress(TEXT), bz2.compress(TEXT), zip_of({"a": TEXT})],
    ids=["gzip", "xz", "bzip2", "zip"],
)
def test_members_are_read_in_chunks(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    (sizes,) = (list(map(len, chunks)) for _, chunks in packed.members(os.fspath(path), "file"))
    assert max(sizes) == 1 << 16


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_raises(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    content = bytearray(
        data.draw(
            st.sampled_from(
                [
                    gzip.compress(b"text"),
                    lzma.compress(b"text"),
                    zip_of({"a": b"text" * 9, "b.gz": gzip.compress(b"text")}),
                ]
            )
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "file"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    unpack(path)


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"\0" * 300000), zip_of({"a": b"\0" * 200000, "b": b"\0" * 200000})],
    ids=["one stream", "the sum of two members"],
)
def test_a_bomb_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(content)
    with pytest.raises(LadingError) as caught:
        unpack(path, limit=250000)
    assert str(caught.value) == (
        "'bomb' unpacks to more than 250000 bytes, too many to search for store paths: remove the "
        "file in `script`, or unpack it there."
    )


def test_a_file_may_unpack_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(TEXT))
    assert unpack(path, limit=len(TEXT)) == {"": TEXT}
