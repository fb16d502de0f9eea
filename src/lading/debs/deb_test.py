import gzip
import io
import lzma
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.debs.deb import DIRECTORY, FILE, HARDLINK, SYMLINK, Deb
from lading.debs.deb_testing import ar, hard_link, make_deb, member, tar
from lading.values.errors import LadingError

BINARY = ("debian-binary", b"2.0\n")
CONTROL = ("control.tar.xz", lzma.compress(tar([("control", b"Package: hello\nVersion: 1\n")])))
DATA = ("data.tar.xz", lzma.compress(tar([("usr", None), ("usr/a", b"abc")])))


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
    assert [(m.path, m.kind, m.mode, m.target, bytes(m.content)) for m in deb.members()] == [
        ("usr", DIRECTORY, 0o755, "", b""),
        ("usr/hello", FILE, 0o4755, "", b"content"),
        ("usr/again", HARDLINK, 0o644, "usr/hello", b""),
        ("usr/link", SYMLINK, 0o777, "../etc/hello", b""),
    ]


@pytest.mark.parametrize("how, pack", [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)])
def test_reads_each_compression(tmp_path: Path, how: str, pack: Callable[[bytes], bytes]) -> None:
    data = (f"data.tar{how}", pack(tar([("a", b"abc")])))
    deb = Deb.read(written(tmp_path / "a.deb", [BINARY, CONTROL, data]))
    assert [bytes(found.content) for found in deb.members()] == [b"abc"]


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
        ([BINARY, ("control.tar", tar([])), DATA], "no control file that names the package"),
        (
            [BINARY, ("control.tar", tar([("control", b"Version: 1")])), DATA],
            "no control file that names the package",
        ),
    ],
)
def test_refuses_files(tmp_path: Path, members: List[Tuple[str, bytes]], sentence: str) -> None:
    with pytest.raises(LadingError, match=f"'a.deb' is not a Debian package .*{sentence}"):
        assert Deb.read(written(tmp_path / "a.deb", members)).name


@pytest.mark.parametrize(
    "archive, sentence",
    [
        (b"", "it is not an ar archive"),
        (b"<!doctype html>", "it is not an ar archive"),
        (ar([BINARY])[:-10], "it is shorter than it says|malformed"),
        (ar([BINARY, CONTROL, DATA])[:-10], "it is shorter than it says"),
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
        (hard_link("x", "../../etc/passwd"), "its member './../../etc/passwd' leaves the root"),
        (special(tarfile.CHRTYPE), "'./dev/null' is a device or another special file"),
        (special(tarfile.FIFOTYPE), "is a device or another special file"),
    ],
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
