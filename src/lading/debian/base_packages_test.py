from typing import Dict

import pytest

from lading.debian.base_packages import base_packages, check_kept
from lading.debian.installed_package import InstalledPackage
from lading.values.errors import LadingError

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36
Description: the C library
 in long

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.35

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: half
Status: install reinstreq half-configured
Architecture: all
Version: 2

Package: distroless
Version: 3
"""


def test_what_is_installed_is_told_with_its_version() -> None:
    assert base_packages(STATUS, "amd64") == {"distroless": "3", "half": "2", "libc6": "2.36"}


def test_other_architectures_do_not_count() -> None:
    assert base_packages(STATUS, "i386")["libc6"] == "2.35"
    assert "libc6" not in base_packages(STATUS, "arm64")


def package(relations: str, field: str = "Depends") -> InstalledPackage:
    control = f"Package: a\nVersion: 1\n{field}: {relations}\n"
    return InstalledPackage("a", "1", "all", control, False, (), (), (), (), {}, (), ())


@pytest.mark.parametrize(
    "relations",
    ["bb", "bb (>= 1.9)", "bb:any (= 2-1)", "bb (>> 3) | cc", "bb (>> 3) | cc (<= 5)", "dd (>= 9)"],
)
def test_dependencies_that_the_base_meets(relations: str) -> None:
    check_kept([package(relations)], {"bb": "2-1", "cc": "5"})


@pytest.mark.parametrize(
    "relations, needed",
    [
        ("bb (>> 2-1)", "bb (>> 2-1)"),
        ("cc, bb(<<2)", "bb (<< 2)"),
        ("bb (= 2) | cc (> 6)", "bb (= 2)"),
        ("bb (< 1)", "bb (< 1)"),
    ],
)
@pytest.mark.parametrize("field", ["Depends", "Pre-Depends"])
def test_dependencies_that_it_does_not_meet(relations: str, needed: str, field: str) -> None:
    kept: Dict[str, str] = {"bb": "2-1", "cc": "5"}
    with pytest.raises(LadingError) as caught:
        check_kept([package(relations, field)], kept)
    assert str(caught.value) == (
        f"the base has bb 2-1, but a 1 needs {needed}. Use a base of the same release as the "
        "`debian_lock`, and at least as recent."
    )
