import stat
import zipfile
from pathlib import Path
from typing import Dict, Union

import pytest

from lading.errors import LadingError
from lading.python.installed_wheel import read_wheel


def make_wheel(path: Path, files: Dict[str, bytes], **modes: int) -> Path:
    """As PEX packs it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = modes.get(name, 0o644) << 16
            archive.writestr(info, content)
    return path


def test_modules_and_metadata_are_installed_and_notes_of_the_installer_are_not(
    tmp_path: Path,
) -> None:
    wheel = make_wheel(
        tmp_path / "a.whl",
        {
            ".layout.json": b'{"stash_dir": ".prefix", "record_relpath": "x"}',
            ".prefix/bin/tool": b"#!python\n",
            "a/": b"",
            "a/__init__.py": b"",
            "a/__pycache__/__init__.cpython-311.pyc": b"",
            "a/tool": b"#!/bin/sh\n",
            "a/link": b"tool",
            "a-1.dist-info/METADATA": b"Name: a\n",
            "a-1.dist-info/INSTALLER": b"pex",
            "a-1.dist-info/REQUESTED": b"",
            "a-1.dist-info/direct_url.json": b"{}",
            "a-1.dist-info/entry_points.txt": (
                b"[console_scripts]\ntool = a.main:run [extra]\nOther=a:b\n[x]\ny = z\n"
            ),
        },
        **{"a/tool": 0o755, "a/link": stat.S_IFLNK | 0o777},
    )
    found = read_wheel(wheel)
    assert [
        f"{file.member.path} {file.member.mode:o} {file.member.target}".rstrip()
        for file in found.files
    ] == [
        "a-1.dist-info/METADATA 644",
        "a-1.dist-info/entry_points.txt 644",
        "a/__init__.py 644",
        "a/link 777 tool",
        "a/tool 755",
    ]
    assert found.scripts == {"Other": "a:b", "tool": "a.main:run"}
    assert not found.has_path_files


def test_path_files_are_told(tmp_path: Path) -> None:
    assert read_wheel(make_wheel(tmp_path / "a.whl", {"a-nspkg.pth": b""})).has_path_files
    assert not read_wheel(make_wheel(tmp_path / "b.whl", {"b/x.pth": b""})).has_path_files


def test_broken_entry_points_are_no_scripts(tmp_path: Path) -> None:
    text = b"no section\n"
    wheel = make_wheel(tmp_path / "a.whl", {"a-1.dist-info/entry_points.txt": text})
    assert read_wheel(wheel).scripts == {}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"no zip", "File is not a zip file"),
        ({"../x.py": b""}, "'../x.py' leads outside"),
        ({"/x.py": b""}, "'/x.py' leads outside"),
        ({".layout.json": b"{"}, "Expecting property name"),
    ],
)
def test_what_pex_has_not_made_is_refused(
    tmp_path: Path, content: Union[bytes, Dict[str, bytes]], fault: str
) -> None:
    path = tmp_path / "a.whl"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        make_wheel(path, content)
    with pytest.raises(LadingError) as caught:
        read_wheel(path)
    text = str(caught.value)
    assert text.startswith("'a.whl' is no wheel that PEX has installed (") and fault in text
    assert text.endswith("). Build the PEX anew.")
