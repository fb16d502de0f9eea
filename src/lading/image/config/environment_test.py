import pytest

from lading.image.config.environment import check_environment
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "name, reason",
    [
        ("A=B", "Write `{'A': 'B'}`"),
        ("", "has the name ''"),
        ("1A", "does not begin with a digit"),
        ("A B", "has letters, digits"),
    ],
)
def test_bad_environment_names(name: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        check_environment({name: "x"})
    assert reason in str(error.value)


def test_no_nul_in_the_environment() -> None:
    with pytest.raises(LadingError, match="NUL"):
        check_environment({"A": "x\0"})
