import pytest

from lading.registry.size import shown_size


@pytest.mark.parametrize(
    "size, text",
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (30_000_000, "30 MB"),
        (4_500_000_000, "4.5 GB"),
        (4_500_000_000_000, "4.5e+03 GB"),
    ],
)
def test_three_digits_and_a_unit(size: int, text: str) -> None:
    assert shown_size(size) == text
