"""One header block of an untrusted tar archive.

POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar, "Basic Tar Format".
"""

from dataclasses import dataclass
from typing import Tuple

from lading.files.layer_error import unsound

_USTAR = b"ustar\00000"
_STAR = b"tar\0"
_OCTAL_DIGITS = b"01234567"


@dataclass(frozen=True)
class TarBlock:
    """Raises LayerError, on construction or on use, if it is damaged."""

    block: bytes

    def __post_init__(self) -> None:
        stored = _number(self.block[148:156])
        # The checksum's field counts as blanks in the sum.
        summed = self.block[:148] + b" " * 8 + self.block[156:]
        if sum(summed) != stored and _signed_sum(summed) != stored:
            raise unsound("a header with a wrong checksum")

    @property
    def type(self) -> str:
        return chr(self.block[156])

    @property
    def path(self) -> bytes:
        name, prefix = _text(self.block[:100]), _text(self._prefix)
        return prefix + b"/" + name if prefix else name

    @property
    def _prefix(self) -> bytes:
        if self.block[257:265] != _USTAR:
            return b""  # In GNU's format this field has other data.
        is_star = self.block[508:] == _STAR  # It has times after a shorter prefix.
        return self.block[345:476] if is_star else self.block[345:500]

    @property
    def target(self) -> bytes:
        return _text(self.block[157:257])

    @property
    def mode(self) -> int:
        return _number(self.block[100:108]) & 0o7777

    @property
    def uid(self) -> int:
        return _number(self.block[108:116])

    @property
    def gid(self) -> int:
        return _number(self.block[116:124])

    @property
    def device(self) -> Tuple[int, int]:
        """The major and minor number."""
        return _number(self.block[329:337]), _number(self.block[337:345])

    @property
    def size(self) -> int:
        return _number(self.block[124:136])

    @property
    def mtime(self) -> int:
        return _number(self.block[136:148])


def _signed_sum(summed: bytes) -> int:
    """Old programs summed signed bytes."""
    return sum(summed) - 256 * sum(byte > 127 for byte in summed)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    """Octal digits, or GNU's big-endian number after a set bit."""
    if field[0] & 0x80:
        sign_bit = 1 << (8 * len(field) - 2)
        value = int.from_bytes(field, "big") & (2 * sign_bit - 1)
        return value - 2 * sign_bit if value & sign_bit else value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.translate(None, _OCTAL_DIGITS):
        raise unsound(f"a header with the number {field!r}")
    return int(digits, 8) if digits else 0
