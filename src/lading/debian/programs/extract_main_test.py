import os
from pathlib import Path

import pytest

from lading.debian.programs.extract_main import main
from lading.debs.deb_testing import make_deb
from lading.values.errors import LadingError

LIBRARY = "usr/lib/x86_64-linux-gnu/libdeflate.so.0"


@pytest.fixture
def deb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    make_deb(
        Path("libdeflate0_1.deb"),
        [
            (LIBRARY, "libdeflate.so.0.1"),
            (f"{LIBRARY}.1", b"library"),
            ("usr/share/dangling", "nowhere"),
            ("usr/share/loop", "loop"),
        ],
        modes={f"{LIBRARY}.1": 0o4755},
    )
    return "libdeflate0_1.deb"


@pytest.mark.parametrize("name", ["libdeflate.so.0", "libdeflate.so.0.1"])
def test_a_file_is_taken_out_through_links(deb: str, name: str) -> None:
    main([deb, name, "out"])
    assert Path("out").read_bytes() == b"library"
    assert not Path("out").is_symlink() and os.stat("out").st_mode & 0o7111 == 0
    assert sorted(os.listdir()) == [deb, "out"]


@pytest.mark.parametrize("name", ["libdeflate.so", "dangling", "loop"])
def test_a_file_that_is_not_there(deb: str, name: str) -> None:
    with pytest.raises(LadingError, match="has no file called .*: its layout has changed"):
        main([deb, name, "out"])
    assert os.listdir() == [deb]


def test_what_is_no_package(deb: str) -> None:
    Path(deb).write_bytes(b"<html>")
    with pytest.raises(LadingError, match="is not a usable Debian package"):
        main([deb, "x", "out"])
