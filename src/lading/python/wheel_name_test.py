import pytest

from lading.python.wheel_name import WheelName
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    ("filename", "distribution", "version"),
    [
        ("A_b.c-1-py3-none-any.whl", "a-b-c", "1"),
        ("grpcio-1.0-1-cp311-cp311-linux_x86_64.whl", "grpcio", "1.0"),
    ],
)
def test_a_name_has_distribution_and_version(
    filename: str, distribution: str, version: str
) -> None:
    assert WheelName.parse(filename) == WheelName(filename, distribution, version)


@pytest.mark.parametrize("name", ["numpy-1.26.4.tar.gz", "numpy.whl", "a-1-py3-none.whl"])
def test_what_is_no_wheel_is_refused(name: str) -> None:
    with pytest.raises(LadingError) as caught:
        WheelName.parse(name)
    assert str(caught.value) == f"`pex` has a part {name!r}, which is not the name of a wheel."
