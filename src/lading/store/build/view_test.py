import os
from pathlib import Path
from typing import Optional

import pytest

from lading.store.build.view import StoreView
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "app-1")
DEP = StorePath("1" * 32, "dep-1")
OTHER = StorePath("2" * 32, "other-1")


@pytest.fixture
def view(tmp_path: Path) -> StoreView:
    own, dep, other = (tmp_path / name for name in ("own", "dep", "other"))
    for directory in (own / "bin", own / "lib", dep / "bin", other / "bin"):
        directory.mkdir(parents=True)
    (own / "lib" / "file").touch()
    (dep / "bin" / "sh").touch()
    (other / "bin" / "sh").touch()
    (other / "bin" / "perl").touch()
    for link, target in (
        (own / "lib64", "lib"),
        (own / "bin" / "absolute", f"{OUT}/lib64/file"),
        (own / "bin" / "shell", f"../../{DEP.base}/bin/sh"),
        (own / "bin" / "loop", "loop"),
        (own / "bin" / "host", "/bin/sh"),
        (own / "bin" / "out", "../../../etc/passwd"),
        (dep / "bin" / "bash", f"{OTHER}/bin/sh"),
        (dep / "bin" / "perl", "missing"),
    ):
        os.symlink(target, link)
    return StoreView.of(OUT, own, [(DEP, dep), (OTHER, other)])


@pytest.mark.parametrize(
    "path, expected",
    [
        (f"{OUT}", f"{OUT}"),
        (f"{OUT}/lib64/file", f"{OUT}/lib/file"),
        (f"{OUT}/lib64/../bin/.//absolute", f"{OUT}/lib/file"),
        (f"{OUT}/bin/shell", f"{DEP}/bin/sh"),
        (f"{DEP}/bin/bash", f"{OTHER}/bin/sh"),
        (f"{OUT}/bin/host", "/bin/sh"),
        (f"{OUT}/bin/out", "/etc/passwd"),
        (f"{OUT}/bin/missing", f"{OUT}/bin/missing"),
        (f"{OUT}/bin/loop", f"{OUT}/bin/loop"),
        ("/store/" + "3" * 32 + "-x/bin", "/store/" + "3" * 32 + "-x/bin"),
        ("/", "/"),
    ],
)
def test_follow(view: StoreView, path: str, expected: str) -> None:
    assert view.follow(path) == expected


@pytest.mark.parametrize(
    "path, expected",
    [
        (f"{OUT}/bin/absolute", "own/lib/file"),
        (f"{DEP}/bin/bash", "other/bin/sh"),
        (f"{OUT}", "own"),
        (f"{OUT}/bin/loop", None),
        (f"{DEP}/bin/perl", None),
        ("/bin/sh", None),
        ("/store", None),
        ("/store/" + "3" * 32 + "-x/bin", None),
    ],
)
def test_find(view: StoreView, tmp_path: Path, path: str, expected: Optional[str]) -> None:
    assert view.find(path) == (expected and str(tmp_path / expected))


def test_programs_are_those_of_the_first_package_that_has_them(view: StoreView) -> None:
    assert view.find_program("sh") == f"{DEP}/bin/sh"
    assert view.find_program("perl") == f"{OTHER}/bin/perl"
    assert view.find_program("bash") == f"{DEP}/bin/bash"
    assert view.find_program("python3") is None


def test_own_paths(view: StoreView) -> None:
    assert view.own_path(".") == str(OUT)
    assert view.own_path("bin/x") == f"{OUT}/bin/x"
    assert view.is_own(f"{OUT}/bin") and view.is_own(str(OUT))
    assert not view.is_own(f"{OUT}x/bin")
