from typing import Optional, Sequence

import pytest

from lading.python.image_python import DebianPython, ImagePython
from lading.values.errors import LadingError


def test_a_path_tells_the_version() -> None:
    python = ImagePython.at_path("/usr/local/bin/python3.12")
    assert python == ImagePython("/usr/local/bin/python3.12", 12)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "/usr/bin/python3",
            "`python` has '/usr/bin/python3'. Write the path with the version that it has, such as "
            "'/usr/local/bin/python3.12', or the address of a store package.",
        ),
        (
            "/usr/../python3.12",
            "`python` has '/usr/../python3.12', but `..` is not allowed. Write '/python3.12'.",
        ),
    ],
)
def test_a_path_that_does_not_is_refused(path: str, sentence: str) -> None:
    with pytest.raises(LadingError) as caught:
        ImagePython.check(path)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", [None, "", "//3rdparty/cpython", ":cpython", "cpython"])
def test_addresses_are_checked_elsewhere(value: Optional[str]) -> None:
    ImagePython.check(value)


@pytest.mark.parametrize(
    ("version", "micro"),
    [("3.11", None), ("3.11.2", 2), ("3.11.12-6+deb12u9", 12), ("3.11.x", None)],
)
def test_a_package_s_version_is_python_s(version: str, micro: Optional[int]) -> None:
    assert ImagePython.of_package("/store/x-cpython", version) == ImagePython(
        "/store/x-cpython/bin/python3", 11, micro
    )


@pytest.mark.parametrize("version", ["2.7", "7.0.15", "3"])
def test_another_version_is_no_python_s(version: str) -> None:
    with pytest.raises(LadingError) as caught:
        ImagePython.of_package("/store/x", version)
    assert str(caught.value) == (
        f"`python` names a package of version {version!r}, which is not a version of CPython 3. "
        "Name one such as `//3rdparty/cpython`."
    )


def test_of_debian_packages_the_newest_python_counts() -> None:
    versions = {
        "python3": "3.11.2-1+b1",
        "python3.9-minimal": "3.9.2-1",
        "python3.11-minimal": "3.11.2-6+deb12u6",
        "libpython3.13-minimal": "3.13.0-1",
    }
    assert ImagePython.of_debian(versions) == ImagePython("/usr/bin/python3.11", 11, 2)


def test_without_any_python_it_is_told_how_to_get_one() -> None:
    with pytest.raises(LadingError) as caught:
        ImagePython.of_debian({"bash": "5.2"})
    assert str(caught.value) == (
        "`pex` is set, but nothing says which Python runs it. Set `python` to a store package such "
        "as `//3rdparty/cpython`, or to the path of a Python in `base`, or add 'python3' to "
        "`debian_packages`."
    )


@pytest.mark.parametrize(
    ("names", "has_modules"),
    [
        (("python3-requests", "python3.11-minimal", "libpython3.11-stdlib", "python3"), True),
        (("python-is-python3", "pythonpy", "libpython3stub", "perl"), False),
    ],
)
def test_which_packages_may_have_modules(names: Sequence[str], has_modules: bool) -> None:
    assert {DebianPython.may_have_modules(name) for name in names} == {has_modules}


def test_what_compiles_modules() -> None:
    python = DebianPython(11)
    assert "libpython3.11-minimal" in python.compiler and "zlib1g" in python.compiler
    assert python.roots == ("usr/lib/python3.11", "usr/lib/python3/dist-packages")
