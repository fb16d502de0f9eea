import pytest

from lading.values.counted import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 store packages"), (1, "1 store package"), (2, "2 store packages")],
)
def test_one_is_singular(number: int, words: str) -> None:
    assert counted(number, "store package") == words
