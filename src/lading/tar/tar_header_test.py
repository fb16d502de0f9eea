import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.tar import tar_header
from lading.tar.tar_header import END_OF_ARCHIVE, header
from lading.values.errors import LadingError

_names = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\0/"), min_size=1, max_size=80
).filter(lambda name: name not in (".", ".."))
_paths = st.lists(_names, min_size=1, max_size=6).map("/".join)


def read(data: bytes) -> tarfile.TarInfo:
    (member,) = tarfile.open(fileobj=io.BytesIO(data + END_OF_ARCHIVE)).getmembers()
    return member


@given(
    path=_paths,
    target=_paths,
    mode=st.integers(0, 0o7777),
    uid=st.integers(0, 2**31),
    gid=st.integers(0, 2**31),
    mtime=st.integers(0, 2**33 - 1),
)
def test_python_reads_back_what_was_written(
    path: str, target: str, mode: int, uid: int, gid: int, mtime: int
) -> None:
    written = Entry(path, Kind.SYMLINK, mode, uid, gid, target, mtime=mtime)
    member = read(header(written))
    assert (member.name, member.linkname, member.mode) == (path, target, mode)
    assert (member.uid, member.gid, member.mtime) == (uid, gid, mtime)


@given(path=_paths)
def test_headers_are_whole_blocks(path: str) -> None:
    assert len(header(Entry(path, Kind.FILE, 0o444))) % tar_header.BLOCK == 0


@given(path=_paths, capability=st.binary(min_size=1, max_size=64))
def test_extended_attributes_are_pax_records_of_any_bytes(path: str, capability: bytes) -> None:
    xattrs = (("security.capability", capability), ("user.x", b"1"))
    member = read(header(Entry(path, Kind.FILE, 0o755, xattrs=xattrs)))
    attributes = {
        key: value.encode("utf-8", "surrogateescape")
        for key, value in member.pax_headers.items()
        if key.startswith("SCHILY.xattr.")
    }
    assert attributes == {f"SCHILY.xattr.{name}": value for name, value in xattrs}
    assert member.name == path


def test_a_fifo_is_read_back() -> None:
    assert read(header(Entry("run/pipe", Kind.PIPE, 0o600))).isfifo()


def test_short_ascii_names_need_no_pax_record() -> None:
    assert len(header(Entry("a" * 100, Kind.FILE, 0o444))) == tar_header.BLOCK
    assert len(header(Entry(f"{'d' * 155}/{'a' * 100}", Kind.FILE, 0o444))) == 512


def test_directories_end_in_a_slash() -> None:
    data = header(Entry("a", Kind.DIRECTORY, 0o755))
    assert data.startswith(b"a/\0")
    assert read(data).isdir()


@pytest.mark.parametrize("size", [2**31, 2**32 + 1, 8**11 - 1])
def test_pants_13401_a_size_of_more_than_2_gib(size: int) -> None:
    data = header(Entry("a", Kind.FILE, 0o444, size=size))
    assert tarfile.TarInfo.frombuf(data, "utf-8", "strict").size == size


def test_a_size_of_8_gib_and_more_is_a_pax_record() -> None:
    data = header(Entry("a", Kind.FILE, 0o444, size=8**11))
    assert b"size=8589934592\n" in data
    # The record's own size must be right, or the rest is read as garbage.
    assert data[512:].startswith(b"19 size=8589934592\n")


def test_known_bytes() -> None:
    """One header written out, so that a changed byte is noticed."""
    data = header(Entry("bin/redis", Kind.FILE, 0o555, size=3))
    assert data[:9] == b"bin/redis"
    assert data[100:257] == (
        b"0000555\x000000000\x000000000\x0000000000003\x0000000000001\x00011001\x00 0" + bytes(100)
    )
    assert data[257:265] == b"ustar\00000"


def test_names_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(LadingError, match="is not UTF-8"):
        header(Entry("a\udcff", Kind.FILE, 0o444))


@pytest.mark.parametrize("size, expected", [(0, 0), (1, 511), (512, 0), (513, 511)])
def test_padding_fills_the_last_block(size: int, expected: int) -> None:
    assert len(tar_header.padding(size)) == expected
