import base64
import hashlib
import importlib.metadata
import stat
import zipfile
from pathlib import Path
from typing import Dict, Union

import pytest

from lading.python.installed_wheel import InstalledWheel, read_wheel
from lading.runtime.memory_testing import peak_bytes
from lading.values.errors import LadingError

PROGRAM = "/usr/bin/python3.11"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def make_wheel(path: Path, files: Dict[str, bytes], **modes: int) -> Path:
    """As PEX packs it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = modes.get(name, 0o644) << 16
            archive.writestr(info, content)
    return path


def contents(wheel: InstalledWheel) -> Dict[str, bytes]:
    return {
        file.member.path: file.content.read_bytes()
        for file in wheel.files
        if isinstance(file.content, Path)
    }


def test_what_an_installer_puts_into_a_directory_is_there(tmp_path: Path, scratch: Path) -> None:
    wheel = make_wheel(
        tmp_path / "a.whl",
        {
            ".layout.json": b'{"stash_dir": ".prefix", "record_relpath": "x"}',
            ".prefix/bin/tool": b"#!python\nwritten by the installer\n",
            ".prefix/bin/report": b"#!python -E\nimport a\n",
            ".prefix/bin/data": b"#!pythonic\n",
            ".prefix/bin/program": b"\x7fELF",
            ".prefix/share/a/data.txt": b"",
            "a/": b"",
            "a/__init__.py": b"",
            "a/__pycache__/__init__.cpython-311.pyc": b"",
            "a/tool": b"#!/bin/sh\n",
            "a/link": b"tool",
            "a-1.dist-info/METADATA": b"Name: a\n",
            "a-1.dist-info/INSTALLER": b"pex",
            "a-1.dist-info/RECORD": b"of another layout",
            "a-1.dist-info/REQUESTED": b"",
            "a-1.dist-info/direct_url.json": b"{}",
            "a-1.dist-info/entry_points.txt": (
                b"[console_scripts]\ntool = a.main:run [extra]\nOther=a:b\n[x]\ny = z\n"
            ),
        },
        **{"a/tool": 0o755, "a/link": stat.S_IFLNK | 0o777, ".prefix/bin/report": 0o755},
    )
    found = read_wheel(wheel, PROGRAM, scratch)
    assert [
        f"{file.member.path} {file.member.mode:o} {file.member.target}".rstrip()
        for file in found.files
    ] == [
        "a-1.dist-info/METADATA 644",
        "a-1.dist-info/RECORD 644",
        "a-1.dist-info/entry_points.txt 644",
        "a/__init__.py 644",
        "a/link 777 tool",
        "a/tool 755",
        "bin/data 644",
        "bin/program 644",
        "bin/report 755",
        "share/a/data.txt 644",
    ]
    assert contents(found)["bin/report"] == b"#!/usr/bin/python3.11 -E\nimport a\n"
    assert contents(found)["bin/data"] == b"#!pythonic\n"
    assert found.scripts == {"Other": "a:b", "tool": "a.main:run"}
    assert not found.has_path_files


def test_a_path_that_modules_and_data_share_does_not_mix_files(
    tmp_path: Path, scratch: Path
) -> None:
    files = {"share/a": b"of a module", ".prefix/share/a": b"data", "b": b"other", "c": b"third"}
    found = contents(read_wheel(make_wheel(tmp_path / "a.whl", files), PROGRAM, scratch))
    assert found == {"share/a": b"data", "b": b"other", "c": b"third"}


def test_the_record_is_what_importlib_reads(tmp_path: Path, scratch: Path) -> None:
    files = {"a.py": b"A = 1\n", "a,b.txt": b"", "a-1.dist-info/METADATA": b"Name: a\n"}
    found = read_wheel(make_wheel(tmp_path / "a.whl", files), PROGRAM, scratch)
    for path, content in contents(found).items():
        place = tmp_path / "installed" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    distribution = importlib.metadata.Distribution.at(tmp_path / "installed/a-1.dist-info")
    listed = {str(path): path for path in distribution.files or ()}
    assert set(listed) == {*files, "a-1.dist-info/RECORD"}
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        assert vars(listed[name].hash) == {"mode": "sha256", "value": digest}
        assert listed[name].size == len(content)


def test_path_files_are_told(tmp_path: Path, scratch: Path) -> None:
    there = make_wheel(tmp_path / "a.whl", {"a-nspkg.pth": b""})
    deeper = make_wheel(tmp_path / "b.whl", {"b/x.pth": b""})
    assert read_wheel(there, PROGRAM, scratch).has_path_files
    assert not read_wheel(deeper, PROGRAM, scratch).has_path_files


def test_broken_entry_points_are_no_scripts(tmp_path: Path, scratch: Path) -> None:
    text = b"no section\n"
    wheel = make_wheel(tmp_path / "a.whl", {"a-1.dist-info/entry_points.txt": text})
    assert read_wheel(wheel, PROGRAM, scratch).scripts == {}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"no zip", "File is not a zip file"),
        ({"../x.py": b""}, "'../x.py' may lead outside"),
        ({"/x.py": b""}, "'/x.py' may lead outside"),
        ({".prefix//x.py": b""}, "'.prefix//x.py' may lead outside"),
        ({".layout.json": b"{"}, "Expecting property name"),
        ({".layout.json": b"[]"}, "its .layout.json is not an object"),
        ({".layout.json": b"[" * 100_000}, "maximum recursion depth"),
        ({"": b""}, "'' may lead outside"),
        ({"a/.wh.b": b""}, "'a/.wh.b' has a name that begins with '.wh.'"),
        ({"a/" + "b" * 256: b""}, "has a name of 256 bytes, but Linux allows 255"),
        ({"link": b""}, "'link' leads to a path of 0 bytes"),
        ({"link": b"a\0b"}, "'link' leads to a path with a NUL byte"),
    ],
)
def test_what_pex_has_not_made_is_refused(
    tmp_path: Path, scratch: Path, content: Union[bytes, Dict[str, bytes]], fault: str
) -> None:
    path = tmp_path / "a.whl"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        make_wheel(path, content, link=stat.S_IFLNK | 0o777)
    with pytest.raises(LadingError) as caught:
        read_wheel(path, PROGRAM, scratch)
    text = str(caught.value)
    assert text.startswith("'a.whl' is not a wheel that PEX has installed (") and fault in text
    assert text.endswith("). Build the PEX again.")


def test_a_wheel_of_any_size_takes_little_memory(tmp_path: Path, scratch: Path) -> None:
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.so", bytes(64 << 20))
    assert peak_bytes(lambda: read_wheel(wheel, PROGRAM, scratch)) < 16 << 20
    assert (scratch / "0").stat().st_size == 64 << 20


def test_a_damaged_member_is_told(tmp_path: Path, scratch: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", b"x" * 1000)
    content = path.read_bytes()
    # After the local header, of 30 bytes and the name.
    path.write_bytes(content[:31] + b"\xff" * 4 + content[35:])
    with pytest.raises(LadingError, match=r"'a\.whl' is not a wheel .* while decompressing"):
        read_wheel(path, PROGRAM, scratch)


@pytest.mark.parametrize("lost", [10, 200])
def test_a_wheel_without_its_beginning_is_refused(tmp_path: Path, scratch: Path, lost: int) -> None:
    """zipfile seeks to where the members should be, which is before the file's beginning."""
    path = make_wheel(tmp_path / "a.whl", {"a.py": b"", "b.py": b"x" * 100})
    path.write_bytes(path.read_bytes()[lost:])
    with pytest.raises(LadingError, match=r"'a\.whl' is not a wheel that PEX has installed"):
        read_wheel(path, PROGRAM, scratch)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_compressed_as_pex_never_does_is_refused(
    tmp_path: Path, scratch: Path, method: int
) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w", method) as archive:
        archive.writestr("a.py", b"x" * 1000)
    with pytest.raises(LadingError, match="'a.py' is neither stored nor deflated"):
        read_wheel(tmp_path / "a.whl", PROGRAM, scratch)


@pytest.mark.parametrize("name", [".layout.json", "a-1.dist-info/entry_points.txt", "link"])
def test_texts_without_end_are_not_read(tmp_path: Path, scratch: Path, name: str) -> None:
    path = tmp_path / "a.whl"
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK if name == "link" else stat.S_IFREG) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, bytes(256 << 20), zipfile.ZIP_DEFLATED, 1)

    def read() -> None:
        with pytest.raises(LadingError, match=f"'{name}' has more than 16 MiB"):
            read_wheel(path, PROGRAM, scratch)

    assert peak_bytes(read) < 64 << 20
