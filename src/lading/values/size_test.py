import pytest

from lading.values.errors import LadingError
from lading.values.size import in_megabytes, parse_size, shown_size


@pytest.mark.parametrize(
    "text, size",
    [
        ("20 MB", 20_000_000),
        ("20MB", 20_000_000),
        ("1.5 GB", 1_500_000_000),
        ("512 KiB", 524_288),
        ("3 kB", 3000),
        ("3 KB", 3000),
        ("2 MiB", 2 << 20),
        ("1 GiB", 1 << 30),
        ("7 B", 7),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size("max_size", text) == size


@pytest.mark.parametrize("text", ["", "20", "MB", "20 mb", "-1 MB", "1,5 MB", "20  MB", "2 TB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(LadingError) as raised:
        parse_size("max_size", text)
    assert str(raised.value) == (
        f"`max_size` is {text!r}, which is not a size. Write a number and a unit, such as "
        "`20 MB`, `1.5 GB` or `512 KiB`."
    )


def test_sizes_are_shown_as_sizes_of_images() -> None:
    assert in_megabytes(12_063_434) == "12.06 MB"


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
