import pytest

from lading.checks.go_syntax.go_variables import expand

VARIABLES = {"A": "1", "B_2": "2", "1": "one", "x y": "3"}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("$A", "1"),
        ("${A}b", "1b"),
        ("$Ab", ""),
        ("$B_2-", "2-"),
        ("${x y}", "3"),
        ("$1st", "onest"),
        ("$NONE!", "!"),
        ("$", "$"),
        ("a$.b", "a$.b"),
        ("${}", ""),
        ("${A", "A"),
        ("$$A", "A"),
        ("100%", "100%"),
    ],
)
def test_as_go_expands(text: str, expected: str) -> None:
    assert expand(text, VARIABLES) == expected
