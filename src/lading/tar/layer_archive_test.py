import io
import struct
import tarfile
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.layer_error import LayerError
from lading.tar import layer_archive
from lading.tar.layer_archive import HEADER_LIMIT, LayerArchive
from lading.tar.layer_archive_testing import long, pax, raw, record, sized
from lading.tar.tar_header import END_OF_ARCHIVE

Found = List[Tuple[Entry, bytes]]


def read(data: bytes, chunk: int = 10_000) -> Found:
    archive = LayerArchive(data[at : at + chunk] for at in range(0, len(data), chunk))
    found = []
    while (member := archive.next_member()) is not None:
        found.append((member, archive.read(1 << 30)))
    return found


def paths(data: bytes) -> List[str]:
    return [member.path for member, _ in read(data)]


NAMES = st.text(st.sampled_from("ab ü/.\n"), min_size=1, max_size=300).filter(
    lambda name: ".." not in name.split("/") and name.strip("/. \n")
)


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            lambda name, type, target, content, owner: (name, type, target, content, owner),
            NAMES,
            st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
            NAMES,
            st.binary(max_size=2000),
            st.sampled_from([0, 7, 1 << 21, (1 << 32) - 2]),
        ),
        max_size=5,
        unique_by=lambda member: _normal(member[0]),
    ),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.integers(1, 3000),
)
def test_what_tarfile_writes_is_read(
    members: "list[tuple[str, bytes, str, bytes, int]]", format: int, chunk: int
) -> None:
    file = io.BytesIO()
    expected = []
    with tarfile.open(fileobj=file, mode="w", format=format, encoding="utf-8") as archive:
        for name, type, target, content, owner in members:
            info = tarfile.TarInfo(name)
            info.type, info.uid, info.gid, info.mtime, info.mode = type, owner, owner, 5, 0o6755
            is_link = type in (tarfile.SYMTYPE, tarfile.LNKTYPE)
            info.linkname = target if is_link else ""
            info.size = len(content) if type == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
            path = _normal(name)
            kind = Kind.of_tar_type(type.decode()) or Kind.FILE
            hardlink = _normal(target) if type == tarfile.LNKTYPE else ""
            target = target if type == tarfile.SYMTYPE else ""
            member = Entry(
                *(path, kind, 0o6755, owner, owner, target),
                size=info.size,
                hardlink=hardlink,
                mtime=5,
                device=(0, 0) if kind.is_device else None,
            )
            expected.append((member, content if info.size else b""))
    assert read(file.getvalue(), chunk) == expected


def _normal(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def member(data: bytes) -> Entry:
    ((found, _),) = read(data)
    return found


@pytest.mark.parametrize(
    "data, path",
    [
        (raw(b"/etc//./x/"), "etc/x"),
        (raw(b"./", b"5"), ""),
        (raw(b"./opt/./../opt//x"), "opt/x"),
        (raw(b"a/b/../../../c/./.."), ""),
        (raw(b"../../x"), "x"),
        (raw(b"/../x", prefix=b".."), "x"),
        (raw(b"x", prefix=b"a/b"), "a/b/x"),
        (raw(b"x", prefix=b"a/b", magic=b"ustar  \0"), "x"),
        (raw(b"x", prefix=b"p" * 131 + b"00000000001", trailer=b"tar\0"), "p" * 131 + "/x"),
        (raw(b"n" * 100), "n" * 100),
        (long(b"L", b"l" * 200 + b"\0") + raw(b"l" * 100), "l" * 200),
        (pax(record(b"path", b"p" * 200)) + raw(), "p" * 200),
        (pax(record(b"path", b"p")) + long(b"L", b"l\0") + raw(), "l"),
        (pax(record(b"path", b"")) + raw(b"a"), "a"),
        (pax(record(b"path", b"1")) + pax(record(b"path", b"2")) + raw(), "2"),
        (raw(b"\xff\xc3\xbc"), "\udcff\u00fc"),
        (pax(record(b"path", b"\xff")) + raw(), "\udcff"),
    ],
    ids=[
        *("absolute", "root", "dots", "dots to the root", "dots above it", "dots in a prefix"),
        *("prefix", "GNU has no prefix", "star", "no zero behind", "GNU"),
        *("pax", "both", "empty says nothing", "the last counts", "not UTF-8"),
        "not UTF-8 in pax",
    ],
)
def test_paths(data: bytes, path: str) -> None:
    assert member(data).path == path


@pytest.mark.parametrize(
    "data, expected",
    [
        (raw(b"a/", b"\0"), (Kind.DIRECTORY, "")),
        (raw(b"a", b"\0"), (Kind.FILE, "")),
        (raw(b"a/", b"0"), (Kind.FILE, "")),
        (raw(type=b"2", target=b"../../x"), (Kind.SYMLINK, "../../x")),
        (raw(type=b"1", target=b"/x//y/"), (Kind.FILE, "x/y")),
        (raw(type=b"1", target=b"../x/../y"), (Kind.FILE, "y")),
        (long(b"K", b"t" * 200) + raw(type=b"2", target=b"t" * 100), (Kind.SYMLINK, "t" * 200)),
        (pax(record(b"linkpath", b"p")) + raw(type=b"1"), (Kind.FILE, "p")),
        (raw(type=b"0", target=b"x"), (Kind.FILE, "")),
    ],
)
def test_types_and_targets(data: bytes, expected: Tuple[Kind, str]) -> None:
    found = member(data)
    assert (found.kind, found.target or found.hardlink) == expected


@pytest.mark.parametrize(
    "data, expected",
    [
        (raw(uid=b"0000017", gid=b"  21 \0"), (15, 17, 1)),
        (raw(uid=b"", gid=b"\0\0\0\0\0\0\0\0"), (0, 0, 1)),
        (raw(uid=b"\x80\0\0\0\0\x20\0\1"), ((1 << 21) + 1, 0, 1)),
        (pax(record(b"uid", b"3000000") + record(b"gid", b"9")) + raw(), (3000000, 9, 1)),
        (pax(record(b"mtime", b"12.75")) + raw(), (0, 0, 12)),
        (pax(record(b"mtime", b"-12.75")) + raw(), (0, 0, 0)),
        (pax(record(b"mtime", b"99999999999999")) + raw(), (0, 0, 0)),
        (raw(mtime=b"\xff" * 12), (0, 0, 0)),
    ],
)
def test_numbers(data: bytes, expected: Tuple[int, int, int]) -> None:
    found = member(data)
    assert (found.uid, found.gid, found.mtime) == expected


def test_sizes_of_gnu_and_pax() -> None:
    big = raw(size=b"\x80" + bytes(9) + b"\2\0", content=b"x" * 512)
    assert read(big)[0][1] == b"x" * 512
    data = pax(record(b"size", b"3")) + raw(content=b"abc")
    assert read(data)[0][1] == b"abc"


def test_old_checksums_of_signed_bytes() -> None:
    block = raw(b"\xff\xfe")
    signed = int(block[148:154], 8) - 512
    assert paths(block[:148] + b"%06o\0 " % signed + block[156:]) == ["\udcff\udcfe"]


#: Version 2 of VFS_CAP (linux/capability.h), effective, and version 3 for the root user 1000.
CAPABILITIES = [
    struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0),
    struct.pack("<6I", 0x03000000, 1 << 10, 0, 0, 0, 1000),
]


@pytest.mark.parametrize("value", CAPABILITIES)
def test_extended_attributes_are_bytes(value: bytes) -> None:
    data = record(b"SCHILY.xattr.security.capability", value) + record(b"comment", b"x")
    data += record(b"SCHILY.xattr.user.x", b"\1\0\xff=\n")
    expected = (("security.capability", value), ("user.x", b"\1\0\xff=\n"))
    assert member(pax(data) + raw()).xattrs == expected


@pytest.mark.parametrize(
    "value",
    [
        *(b"bad", CAPABILITIES[0][:12], CAPABILITIES[0] + b"x", CAPABILITIES[1][:20]),
        *(struct.pack("<3I", 0x01000001, 1 << 10, 0), struct.pack("<5I", 0x02000003, 0, 0, 0, 0)),
    ],
)
@pytest.mark.parametrize("kind", [b"0", b"5", b"6"])
def test_file_capabilities_that_the_kernel_refuses(value: bytes, kind: bytes) -> None:
    """docker, podman and containerd: invalid argument."""
    data = pax(record(b"SCHILY.xattr.security.capability", value))
    with pytest.raises(LayerError, match="has /a, whose file capabilities .* are not valid, so"):
        read(data + raw(type=kind))


def test_moby_41496_global_headers_say_nothing() -> None:
    """Go's reader returns them as members, and docker ignores those."""
    data = raw(b"1") + pax(record(b"path", b"evil"), b"g") + raw(b"2")
    assert paths(data) == ["1", "2"]
    assert paths(pax(record(b"path", b"x")) + pax(b"", b"g") + raw(b"2")) == ["2"]


def test_contents_that_nobody_reads_are_passed_over() -> None:
    data = raw(b"1", size=sized(b"x" * 700), content=b"x" * 700) + raw(b"2")
    archive = LayerArchive(iter([data]))
    assert archive.next_member() and archive.read(3) == b"xxx"
    second = archive.next_member()
    assert second is not None and second.path == "2"


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"", []),
        (END_OF_ARCHIVE, []),
        (raw(b"a"), ["a"]),
        (raw(b"a") + bytes(512), ["a"]),
        (raw(b"a") + END_OF_ARCHIVE + b"garbage", ["a"]),
        (raw(b"a") + END_OF_ARCHIVE + raw(b"b"), ["a"]),
        # docker and podman take these for two names.
        (raw(b"a") + raw(b"/a"), ["a", "a"]),
    ],
    ids=["nothing", "empty", "no end", "half an end", "garbage", "second archive", "with a slash"],
)
def test_ends(data: bytes, expected: List[str]) -> None:
    assert paths(data) == expected


DEEP = b"a/" * 100_000 + b"b"


@pytest.mark.parametrize(
    "case, data, reason",
    [
        ("text", b"no archive" * 100, "a header with the number b'"),
        ("half a block", raw()[:300], "cut off"),
        ("cut content", raw(size=sized(b"x" * 600), content=b"x" * 600)[:600], "cut off"),
        ("content is missing", raw(size=sized(b"x")), "cut off"),
        ("checksum", raw()[:-1] + b"x", "a header with a wrong checksum"),
        ("damaged in the middle", raw() + b"x" + raw()[1:], "a header with a wrong checksum"),
        ("zeros in the middle", raw() + bytes(512) + raw(), "a block of zeros in the middle"),
        ("negative size", raw(size=b"\xff" * 12), "a file of -1 bytes"),
        ("negative header", raw(type=b"x", size=b"\xff" * 11 + b"\0"), "a header of -256 bytes"),
        ("minus", raw(size=b"-0000000001"), "a header with the number b'-00"),
        ("negative size in pax", pax(record(b"size", b"-5")) + raw(), "a file of -5 bytes"),
        ("huge size", raw(size=b"\x80" + b"\xff" * 11), r"a file of \d{27} bytes"),
        ("no number", raw(size=b"0x0000000ff"), "a header with the number b'0x0000000ff"),
        ("underscores", raw(uid=b"1_000"), "a header with the number b'1_000"),
        ("negative owner", raw(uid=b"\xff" * 8), "the owner -1"),
        ("owner that means none", pax(record(b"gid", b"4294967295")) + raw(), "owner 4294967295"),
        ("owner in words", pax(record(b"uid", b"root")) + raw(), "a header with the uid b'root'"),
        ("time in words", pax(record(b"mtime", b"now")) + raw(), "with the mtime b'now'"),
        ("huge pax", pax(b"1" * (HEADER_LIMIT + 1)) + raw(), "a header of 1048577 bytes"),
        ("huge name", long(b"L", b"n" * (HEADER_LIMIT + 1)) + raw(), "a header of 1048577 bytes"),
        ("endless pax", raw(type=b"x", size=b"7" * 11), r"a header of 8589934591 bytes"),
        ("pax without end", pax(b"20 path=x\n") + raw(), "malformed pax records"),
        ("pax without length", pax(b"path=x\n") + raw(), "malformed pax records"),
        ("pax of nothing", pax(b"5 a=\n0 b=c\n") + raw(), "malformed pax records"),
        ("pax in itself", pax(b"3 a=b\n") + raw(), "malformed pax records"),
        ("pax without key", pax(record(b"", b"x")) + raw(), "malformed pax records"),
        ("pax of a long length", pax(b"9" * 5000) + raw(), "malformed pax records"),
        ("zero in a key", pax(record(b"a\0", b"x")) + raw(), "malformed pax records"),
        ("zero in a path", pax(record(b"path", b"a\0b")) + raw(), r"with the path b'a\\x00b'"),
        ("zero in a target", pax(record(b"linkpath", b"\0")) + raw(type=b"2"), "the linkpath"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_archives(case: str, data: bytes, reason: str) -> None:
    with pytest.raises(LayerError, match=f"is not a valid tar archive .*{reason}"):
        read(data)


@pytest.mark.parametrize(
    "case, data, reason",
    [
        ("twice", raw(b"a") + raw(b"b") + raw(b"a"), "has /a twice, which docker and podman"),
        ("twice with dots", raw(b"d/a") + raw(b"./d//x/../a", b"2", target=b"x"), "has /d/a twice"),
        ("the root twice", raw(b".", b"5") + raw(b"./", b"5"), "has / twice"),
        ("deep", pax(record(b"path", DEEP)) + raw(), "of 200001 bytes and 100001 names"),
        ("deep and short", pax(record(b"path", b"a/" * 256 + b"b")) + raw(), "257 names"),
        ("long name", pax(record(b"path", b"n" * 256)) + raw(), "of 256 bytes and 1 names"),
        ("long whiteout", pax(record(b"path", b".wh." + b"n" * 256)) + raw(), "of 260 bytes"),
        ("long path", pax(record(b"path", b"nnn/" * 1024)) + raw(), "of 4095 bytes"),
        ("GNU sparse", raw(type=b"S"), "has /a, a sparse file of GNU tar's old format"),
        ("contiguous", raw(type=b"7"), "has /a of the type '7', which docker"),
        ("volume header", raw(type=b"V"), "has /a of the type 'V', which docker"),
        ("no type", raw(type=b"\xff"), "has /a of the type '\u00ff', which"),
        ("no target", raw(type=b"2"), "has a symlink with a target of 0 bytes"),
        ("long target", long(b"K", b"t" * 4095) + raw(type=b"2"), "a target of 4095 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_runtime_could_unpack(case: str, data: bytes, reason: str) -> None:
    with pytest.raises(LayerError, match=reason):
        read(data)


@pytest.mark.parametrize("name", [b"n" * 255, b".wh." + b"n" * 255, b"a/" * 255 + b"b"])
def test_what_linux_takes(name: bytes) -> None:
    assert member(pax(record(b"path", name)) + raw()).path == name.decode()


def test_sentences_stay_short() -> None:
    with pytest.raises(LayerError) as caught:
        read(pax(record(b"path", DEEP)) + raw())
    assert len(str(caught.value)) < 500


def test_endless_members_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_archive, "MEMBER_LIMIT", 1000)
    many = b"".join(raw(b"%d" % number) for number in range(1001))
    assert len(paths(many[: -len(raw())])) == 1000
    with pytest.raises(LayerError, match="has more than 1000 members, or"):
        read(many)


def test_endless_names_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_archive, "NAMES_LIMIT", 5000)
    header = pax(record(b"linkpath", b"name/" * 200))
    many = [header + raw(b"%d" % number, b"2") for number in range(5)]
    assert len(paths(b"".join(many[:4]))) == 4
    with pytest.raises(LayerError, match="or more than 5000 characters of names"):
        read(b"".join(many))
