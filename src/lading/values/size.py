"""Sizes in human notation: `20 MB`, `1.5 GB`, `512 KiB`."""

import re

from lading.values.errors import LadingError

_UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}

_SIZE = re.compile(r"(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?) ?(?P<unit>[A-Za-z]+)")


def parse_size(field: str, text: str) -> int:
    """In bytes. Raises a LadingError that names `field`."""
    match = _SIZE.fullmatch(text)
    if match is None or match["unit"] not in _UNITS:
        raise LadingError(
            f"`{field}` is {text!r}, which is not a size. Write a number and a unit, such as "
            "`20 MB`, `1.5 GB` or `512 KiB`."
        )
    return int(float(match["number"]) * _UNITS[match["unit"]])


def in_megabytes(size: int) -> str:
    """In megabytes, in which people compare images."""
    return f"{size / 1e6:.2f} MB"


def shown_size(size: int) -> str:
    """For example "12.3 MB"."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} GB"
