import gzip
import io
import lzma
import os
import subprocess
import tarfile
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debs.deb import Deb
from lading.debs.deb_testing import ar, hard_link, make_deb, member, tar
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError

BINARY = ("debian-binary", b"2.0\n")
CONTROL = ("control.tar.xz", lzma.compress(tar([("control", b"Package: hello\nVersion: 1\n")])))
DATA = ("data.tar.xz", lzma.compress(tar([("usr", None), ("usr/a", b"abc")])))


def contents(file: TreeFile) -> bytes:
    assert not isinstance(file.content, Path)
    return bytes(file.content)


def written(path: Path, members: List[Tuple[str, bytes]]) -> Path:
    path.write_bytes(ar(members))
    return path


def test_reads_control_fields_and_members(tmp_path: Path) -> None:
    deb = Deb.read(
        make_deb(
            tmp_path / "hello.deb",
            [
                ("", None),
                ("usr", None),
                ("usr/hello", b"content"),
                ("usr/again", hard_link("usr/again", "usr/hello")),
                ("usr/link", "../etc/hello"),
            ],
            modes={"usr/hello": 0o4755},
            description="short\n long",
        )
    )
    assert deb.name == "hello"
    assert deb.fields["description"] == "short\n long"
    assert [(file.member, contents(file)) for file in deb.members()] == [
        (Entry("usr", Kind.DIRECTORY, 0o755), b""),
        (Entry("usr/hello", Kind.FILE, 0o4755), b"content"),
        (Entry("usr/again", Kind.FILE, 0o644, hardlink="usr/hello"), b""),
        (Entry("usr/link", Kind.SYMLINK, 0o777, target="../etc/hello"), b""),
    ]


@pytest.mark.parametrize("how, pack", [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_reads_each_compression(tmp_path: Path, how: str, pack: Callable[[bytes], bytes]) -> None:
    data = (f"data.tar{how}", pack(tar([("a", b"abc")])))
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, data]))
    assert [contents(file) for file in deb.members()] == [b"abc"]


def test_names_with_a_slash_and_unknown_members_are_fine(tmp_path: Path) -> None:
    members = [("debian-binary/", b"2.0\n"), CONTROL, ("_extra", b"odd"), DATA]
    assert Deb.read(written(tmp_path / "a.deb", members)).name == "hello"


def special(kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo("./dev/null")
    info.type = kind
    return info


def renamed(name: str) -> tarfile.TarInfo:
    info = member("x", None)
    info.name = name
    return info


def owned(uid: int, gid: int) -> tarfile.TarInfo:
    info = member("x", None)
    info.uid, info.gid = uid, gid
    return info


def sized(size: int) -> bytes:
    """A header of a file."""
    block = bytearray(tarfile.TarInfo("./x").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 4 + size.to_bytes(8, "big", signed=True)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def extended(**records: str) -> bytes:
    """A tar archive whose member has these records in a pax header."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("./control")
        info.pax_headers = {name.replace("_", "."): value for name, value in records.items()}
        archive.addfile(info)
    return output.getvalue()


@pytest.mark.parametrize("records", [{"GNU_sparse_map": "a,b"}, {"size": "9" * 30}])
def test_refuses_numbers_that_are_none(tmp_path: Path, records: Dict[str, str]) -> None:
    archive = extended(**records)
    with pytest.raises(LadingError, match="its control files cannot be read"):
        Deb.read(written(tmp_path / "a.deb", [BINARY, ("control.tar", archive), DATA]))
    deb = Deb.read(written(tmp_path / "b.deb", [BINARY, CONTROL, ("data.tar", archive)]))
    with pytest.raises(LadingError, match="its data cannot be read"):
        list(deb.members())


@pytest.mark.parametrize("key", ["GNU_sparse_realsize", "GNU_sparse_size"])
def test_refuses_sparse_files(tmp_path: Path, key: str) -> None:
    """dpkg has none, and the bytes after one in the archive would be taken for its content."""
    data = ("data.tar", extended(**{key: "4096"}))
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, data]))
    with pytest.raises(LadingError, match="its data cannot be read"):
        list(deb.members())


def test_refuses_control_files_that_are_sparse(tmp_path: Path) -> None:
    (tmp_path / "control").write_bytes(b"Package: a\n")
    os.truncate(tmp_path / "control", 1 << 20)
    command = ["tar", "-cS", "--format=gnu", "-C", str(tmp_path), "control"]
    archive = subprocess.run(command, check=True, capture_output=True).stdout
    with pytest.raises(LadingError, match="cannot be read .'control' is a sparse file"):
        Deb.read(written(tmp_path / "a.deb", [BINARY, ("control.tar", archive), DATA]))


def test_a_negative_size_does_not_lead_back_for_ever(tmp_path: Path) -> None:
    """CVE-2025-8194 of tarfile is of this kind"""
    archive = tar([("control", b"abc")])[:1024] + sized(-512) + bytes(1024)
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, ("data.tar", archive)]))
    with pytest.raises(LadingError, match="its data cannot be read .'./x' has a negative size"):
        list(islice(deb.members(), 100))
    with pytest.raises(LadingError, match="its control files cannot be read .'./x' has a negative"):
        Deb.read(written(tmp_path / "b.deb", [BINARY, ("control.tar", archive), DATA]))


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    archive = bytearray(tar([("a", b"abc"), ("b", b"abc")]))
    archive[1024] ^= 1
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, ("data.tar", bytes(archive))]))
    with pytest.raises(LadingError, match="its data cannot be read .a header at 1024 is damaged"):
        list(deb.members())


def test_control_files_without_end_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lading.debs.deb._MOST_CONTROL", 1 << 20)
    archive = ("control.tar.gz", gzip.compress(tar([("control", bytes(2 << 20))])))
    with pytest.raises(LadingError, match="its control files take more than 1 MiB"):
        Deb.read(written(tmp_path / "a.deb", [BINARY, archive, DATA]))


@pytest.mark.parametrize(
    "members, sentence",
    [
        ([CONTROL, DATA], "it has no `debian-binary` of version 2"),
        ([("debian-binary", b"3.0\n"), CONTROL, DATA], "it has no `debian-binary` of version 2"),
        ([BINARY, DATA], "it has no `control.tar`"),
        ([BINARY, CONTROL], "it has no `data.tar`"),
        ([BINARY, CONTROL, ("data.tar.zst", b"")], "compressed by zst, and only xz and gz are"),
        ([BINARY, CONTROL, ("data.tar.xz", b"no")], "`data.tar.xz` cannot be unpacked"),
        ([BINARY, CONTROL, ("data.tar.gz", b"no")], "`data.tar.gz` cannot be unpacked"),
        ([BINARY, ("control.tar", b"x" * 512), DATA], "its control files cannot be read"),
        (
            [BINARY, ("control.tar", tar([("../x", b"")])), DATA],
            "its control file '../x' is in a directory",
        ),
        (
            [BINARY, ("control.tar", tar([("post\ninst", b"")])), DATA],
            "it has a control file called 'post.ninst'",
        ),
        (
            [BINARY, ("control.tar", tar([("control", b"Package: ../../a")])), DATA],
            "no control file that names the package",
        ),
        (
            [BINARY, ("control.tar", tar([("control", b"Package: " + b"a" * 200)])), DATA],
            "no control file that names the package",
        ),
        (
            [BINARY, CONTROL, ("data.tar.xz", lzma.compress(b"", lzma.FORMAT_ALONE))],
            "`data.tar.xz` cannot be unpacked",
        ),
        ([BINARY, ("control.tar", tar([])), DATA], "no control file that names the package"),
        (
            [BINARY, ("control.tar", tar([("control", b"Version: 1")])), DATA],
            "no control file that names the package",
        ),
    ],
)
def test_refuses_files(tmp_path: Path, members: List[Tuple[str, bytes]], sentence: str) -> None:
    with pytest.raises(LadingError, match=f"'a.deb' is not a usable Debian package: .*{sentence}"):
        assert Deb.read(written(tmp_path / "a.deb", members)).name


@pytest.mark.parametrize(
    "archive, sentence",
    [
        (b"", "it is not an ar archive"),
        (b"<!doctype html>", "it is not an ar archive"),
        (ar([BINARY])[:-10], "it is cut off|malformed"),
        (ar([BINARY, CONTROL, DATA])[:-10], "it is cut off"),
        (ar([BINARY]).replace(b"`\n", b"``"), "its ar archive is malformed"),
        (ar([BINARY]) + b"junk", "its ar archive is malformed"),
    ],
)
def test_refuses_archives(tmp_path: Path, archive: bytes, sentence: str) -> None:
    path = tmp_path / "a.deb"
    path.write_bytes(archive)
    with pytest.raises(LadingError, match=sentence):
        Deb.read(path)


@pytest.mark.parametrize(
    "info, sentence",
    [
        (renamed("/etc/passwd"), "its member '/etc/passwd' leaves the root"),
        (renamed("./../x"), "its member './../x' leaves the root"),
        (renamed("./a/../../x"), "leaves the root"),
        (hard_link("x", "."), "its member './x' is a link to the root"),
        (hard_link("x", "../../etc/passwd"), "its member './../../etc/passwd' leaves the root"),
        (special(tarfile.CHRTYPE), "'./dev/null' is a device or another special file"),
        (special(tarfile.FIFOTYPE), "is a device or another special file"),
        (renamed("a/" + "b" * 256), "has a name of 256 bytes, but Linux allows 255"),
        (renamed("usr/.wh.bin"), "'usr/.wh.bin' has a name that begins with '.wh.'"),
        (hard_link("x", "a" * 300), "has a name of 300 bytes"),
        (member("x", ""), "'./x' leads to a path of 0 bytes"),
        (member("x", "a" * 5000), "'./x' leads to a path of 5000 bytes"),
        (owned(-1, 0), "'./x' belongs to -1:0, but ids are numbers from 0 to 4294967294"),
        (owned(0, 1 << 32), "'./x' belongs to 0:4294967296, but ids are numbers"),
    ],
    ids=lambda _: "",
)
def test_refuses_members(tmp_path: Path, info: tarfile.TarInfo, sentence: str) -> None:
    deb = Deb.read(make_deb(tmp_path / "a.deb", [("x", info)]))
    with pytest.raises(LadingError, match=sentence):
        list(deb.members())


def test_refuses_data_that_ends_too_early(tmp_path: Path) -> None:
    data = tar([("a", b"abc" * 1000)])[:1000]
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, ("data.tar", data)]))
    with pytest.raises(LadingError, match="its data cannot be read"):
        list(deb.members())


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_damaged_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, offset: int, noise: bytes
) -> None:
    archive = bytearray(ar([BINARY, CONTROL, DATA]))
    offset %= len(archive)
    archive[offset : offset + len(noise)] = noise
    path = tmp_path_factory.mktemp("deb") / "a.deb"
    path.write_bytes(archive)
    with suppress(LadingError):
        list(Deb.read(path).members())
