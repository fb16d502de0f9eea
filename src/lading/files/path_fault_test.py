from pathlib import Path

import pytest

from lading.files.path_fault import owner_fault, path_fault, target_fault


@pytest.mark.parametrize("path", ["usr/bin/a", "a" * 255, "\udcff", "é" * 127])
def test_paths_that_linux_takes_have_no_fault(path: str) -> None:
    assert path_fault(path) == ""


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("a\0b", "has a NUL byte"),
        ("a/" + "b" * 256, "has a name of 256 bytes, but Linux allows 255"),
        ("é" * 128, "has a name of 256 bytes, but Linux allows 255"),
        ("a/.wh.b", "has a name that begins with '.wh.', which deletes files in a layer"),
        (".wh..wh..opq", "has a name that begins with '.wh.', which deletes files in a layer"),
    ],
)
def test_what_a_layer_cannot_have_is_said(path: str, fault: str) -> None:
    assert path_fault(path) == fault


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("../a", ""),
        ("", "leads to a path of 0 bytes, but Linux allows 1 to 4095"),
        ("a\0", "leads to a path with a NUL byte"),
    ],
)
def test_targets_of_links_are_checked(target: str, fault: str) -> None:
    assert target_fault(target) == fault


def test_long_paths_are_refused_where_linux_refuses_them(tmp_path: Path) -> None:
    # A path of a layer gets a slash in front.
    assert path_fault("a/" * 2046 + "ab") == ""
    assert path_fault("a/" * 2047 + "a") == "is longer than the 4095 bytes that Linux allows"
    (tmp_path / "link").symlink_to("a" * 4095)
    assert target_fault("a" * 4095) == ""
    with pytest.raises(OSError):
        (tmp_path / "other").symlink_to("a" * 4096)
    assert target_fault("a" * 4096).startswith("leads to a path of 4096 bytes, but Linux allows")


def test_owners_are_ids() -> None:
    assert owner_fault(0, 4294967294) == ""
    assert owner_fault(-1, 0) == "belongs to -1:0, but ids are numbers from 0 to 4294967294"
    assert owner_fault(0, 4294967295).startswith("belongs to 0:4294967295, but")
