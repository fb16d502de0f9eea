import tarfile
from pathlib import Path
from typing import List

import pytest

from lading.debs.deb_archive import DebArchive
from lading.debs.deb_testing import ar, hard_link, make_deb, tar
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.runtime.memory_testing import peak_bytes
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError


def owned(path: str, uid: int, gid: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{path}")
    info.uid, info.gid, info.mode = uid, gid, 0o2755
    return info


def test_owners_and_setuid_bits_are_the_package_s(tmp_path: Path) -> None:
    """rules_oci#521, melange#1395"""
    deb = make_deb(
        tmp_path / "a.deb",
        [("usr/bin/chage", owned("usr/bin/chage", 0, 42)), ("usr/bin/su", b"su")],
        modes={"usr/bin/su": 0o4755},
    )
    members = [file.member for file in DebArchive.read(deb).files()]
    assert members == [
        Entry("usr/bin/chage", Kind.FILE, 0o2755, 0, 42),
        Entry("usr/bin/su", Kind.FILE, 0o4755),
    ]


def test_usr_is_merged_and_directories_are_there_once(tmp_path: Path) -> None:
    """rules_distroless#53, bazeldnf#15"""
    deb = make_deb(
        tmp_path / "libc6.deb",
        [
            ("", None),
            ("lib", None),
            ("lib/libc.so", b"c"),
            ("lib/hard", hard_link("lib/hard", "lib/libc.so")),
            ("usr", None),
            ("usr/lib", None),
            ("lib64", "usr/lib64"),
            ("usr/lib/link", "libc.so"),
        ],
    )
    files = list(DebArchive.read(deb).files())
    assert [(file.member.path, file.member.kind) for file in files] == [
        ("usr/lib", Kind.DIRECTORY),
        ("usr/lib/libc.so", Kind.FILE),
        ("usr/lib/hard", Kind.FILE),
        ("usr", Kind.DIRECTORY),
        ("usr/lib/link", Kind.SYMLINK),
    ]
    assert bytes(files[1].content) == b"c"
    assert files[2].member.hardlink == "usr/lib/libc.so"


def test_control_files_are_read(tmp_path: Path) -> None:
    deb = make_deb(
        tmp_path / "a.deb", [], control_files={"postinst": "#!/bin/sh\n"}, version="1:2.0-1"
    )
    archive = DebArchive.read(deb)
    assert archive.control == "Package: a\nVersion: 1:2.0-1\n"
    assert archive.fields == {"package": "a", "version": "1:2.0-1"}
    assert (archive.text("postinst"), archive.text("preinst")) == ("#!/bin/sh\n", "")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"no archive", "it is not an ar archive"),
        (b"!<arch>\nshort", "its ar archive is malformed"),
        (ar([("debian-binary", b"2.0\n")])[:-4], "it is cut off"),
        (ar([("debian-binary", b"3.0\n")]), "it has no `debian-binary` of version 2"),
        (ar([("debian-binary", b"2.0\n")]), "it has no `control.tar`"),
        (
            ar([("debian-binary", b"2.0\n"), ("control.tar", b"x" * 600)]),
            "its control files cannot be read",
        ),
        (
            ar([("debian-binary", b"2.0\n"), ("control.tar", tar([])), ("data.tar.xz", b"?")]),
            "its `data.tar.xz` cannot be unpacked",
        ),
        (
            ar([("debian-binary", b"2.0\n"), ("control.tar", tar([])), ("data.tar.zst", b"")]),
            "its `data.tar.zst` is compressed by zst, and only xz and gz are supported",
        ),
    ],
)
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    path = tmp_path / "bad.deb"
    path.write_bytes(content)
    with pytest.raises(LadingError) as caught:
        DebArchive.read(path)
    text = str(caught.value)
    assert text.startswith(f"'bad.deb' is not a usable Debian package: {fault}")
    assert text.endswith(". Use a package of a Debian archive.")


@pytest.mark.parametrize(
    ("name", "type", "fault"),
    [
        ("../etc/passwd", tarfile.REGTYPE, "its member '../etc/passwd' leaves the root"),
        ("/etc/passwd", tarfile.REGTYPE, "its member '/etc/passwd' leaves the root"),
        ("./dev/null", tarfile.CHRTYPE, "'./dev/null' is a device or another special file"),
    ],
)
def test_hostile_members_are_refused(tmp_path: Path, name: str, type: bytes, fault: str) -> None:
    info = tarfile.TarInfo(name)
    info.type = type
    deb = make_deb(tmp_path / "a.deb", [(name, info)])
    with pytest.raises(LadingError, match=fault):
        list(DebArchive.read(deb).files())


def test_broken_data_is_told(tmp_path: Path) -> None:
    deb = tmp_path / "a.deb"
    data = tar([("a", b"x" * 2000)])[:1500]
    deb.write_bytes(ar([("debian-binary", b"2.0\n"), ("control.tar", tar([])), ("data.tar", data)]))
    with pytest.raises(LadingError, match="its data cannot be read"):
        list(DebArchive.read(deb).files())


def test_a_package_says_its_name_and_version(tmp_path: Path) -> None:
    archive = DebArchive.read(make_deb(tmp_path / "a.deb", []))
    with pytest.raises(LadingError, match="it has no control file that names its version"):
        archive.fields.get("version")


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("version", "1 2", "it has no control file that names its version"),
        ("version", "../1", "it has no control file that names its version"),
        ("architecture", "../../etc", "its control file names no architecture of Debian"),
    ],
)
def test_fields_that_name_files_are_checked(
    tmp_path: Path, field: str, value: str, fault: str
) -> None:
    fields = {"version": "1", field: value}
    deb = make_deb(tmp_path / "a.deb", [], None, None, **fields)
    with pytest.raises(LadingError, match=fault):
        DebArchive.read(deb).fields.get("version")


def test_a_package_of_any_size_takes_little_memory(tmp_path: Path) -> None:
    deb = make_deb(tmp_path / "a.deb", [("usr/big", bytes(64 << 20))], version="1")
    files: List[TreeFile] = []
    peak = peak_bytes(lambda: files.extend(DebArchive.read(deb).files()))
    content = files[0].content
    assert isinstance(content, memoryview) and len(content) == 64 << 20
    assert peak < 16 << 20
