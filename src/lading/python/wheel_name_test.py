from typing import Sequence

import pytest

from lading.errors import LadingError
from lading.python.wheel_name import PythonPlatform, WheelName, choose_wheels

PYTHON = PythonPlatform(11, "x86_64")


@pytest.mark.parametrize(
    "name",
    [
        "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "cryptography-42.0-cp39-abi3-manylinux_2_28_x86_64.whl",
        "requests-2.31.0-py3-none-any.whl",
        "six-1.16.0-py2.py3-none-any.whl",
        "grpcio-1.0-1-cp311-cp311-linux_x86_64.whl",
        "orjson-1.0-cp311-none-manylinux2014_x86_64.whl",
        "ninja-1.11-py2.py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
    ],
)
def test_fits(name: str) -> None:
    assert WheelName.parse(name).fits(PYTHON)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("numpy-1.26.4-cp310-cp310-manylinux_2_17_x86_64.whl", "another Python"),
        ("numpy-1.26.4-cp311-cp311-manylinux_2_17_aarch64.whl", "another machine"),
        ("numpy-1.26.4-cp311-cp311-musllinux_1_1_x86_64.whl", "another C library"),
        ("numpy-1.26.4-cp311-cp311-macosx_11_0_arm64.whl", "another system"),
        ("x-1-cp312-abi3-manylinux2014_x86_64.whl", "a later ABI"),
        ("x-1-pp39-pypy39_pp73-manylinux2014_x86_64.whl", "PyPy"),
        ("x-1-py2-none-any.whl", "Python 2"),
        ("x-1-cp311-cp311t-manylinux2014_x86_64.whl", "free threads"),
    ],
)
def test_does_not_fit(name: str, reason: str) -> None:
    assert not WheelName.parse(name).fits(PYTHON), reason


@pytest.mark.parametrize("name", ["numpy-1.26.4.tar.gz", "numpy.whl", "a-1-py3-none.whl"])
def test_what_is_no_wheel_is_refused(name: str) -> None:
    with pytest.raises(LadingError) as caught:
        WheelName.parse(name)
    assert str(caught.value) == (
        f"{name!r} is not the name of a wheel. Build the PEX anew; its parts lie in `.deps`."
    )


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (
            [
                "a-1-cp311-cp311-manylinux2014_x86_64.whl",
                "a-1-cp311-cp311-manylinux2014_aarch64.whl",
                "a-1-cp39-cp39-manylinux2014_x86_64.whl",
            ],
            ["a-1-cp311-cp311-manylinux2014_x86_64.whl"],
        ),
        (
            ["a-1-py3-none-any.whl", "a-1-cp39-abi3-manylinux2014_x86_64.whl"],
            ["a-1-cp39-abi3-manylinux2014_x86_64.whl"],
        ),
        (
            ["z-1-py3-none-any.whl", "A_b.c-1-py3-none-any.whl"],
            ["A_b.c-1-py3-none-any.whl", "z-1-py3-none-any.whl"],
        ),
    ],
)
def test_a_pex_for_several_platforms_has_the_wheels_of_each(
    names: Sequence[str], chosen: Sequence[str]
) -> None:
    assert [wheel.filename for wheel in choose_wheels(names, PYTHON)] == list(chosen)


def test_a_pex_for_another_python_is_refused() -> None:
    with pytest.raises(LadingError) as caught:
        choose_wheels(["My.Pkg-1-cp39-cp39-manylinux2014_x86_64.whl"], PYTHON)
    assert str(caught.value) == (
        "`pex` has no wheel of my-pkg for CPython 3.11 for Linux on x86_64, which runs it in the "
        "image, but My.Pkg-1-cp39-cp39-manylinux2014_x86_64.whl. Add that Python to the "
        "`complete_platforms` of the PEX, or set its `interpreter_constraints`."
    )
