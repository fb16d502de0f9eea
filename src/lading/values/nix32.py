"""Nix's base-32, the notation of hashes in store paths.

Not RFC 4648: the bytes form one little-endian number whose most significant five bits come
first, and the alphabet lacks e, o, t and u (NixOS/nix, protocols/store-path.md).
"""

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encoded_length(size: int) -> int:
    """The number of characters for `size` bytes: 32 for 20 bytes, 52 for 32."""
    return (size * 8 + 4) // 5


def encode(data: bytes) -> str:
    number = int.from_bytes(data, "little")
    positions = reversed(range(encoded_length(len(data))))
    return "".join(ALPHABET[number >> 5 * position & 31] for position in positions)


def decode(text: str) -> bytes:
    """The bytes that `encode` turns into `text`.

    Raises ValueError with the reason for a character outside the alphabet and for a text that
    `encode` never returns (impossible length, or set bits beyond the last byte).
    """
    size = len(text) * 5 // 8
    if encoded_length(size) != len(text):
        raise ValueError(f"no number of bytes gives {len(text)} characters")
    number = 0
    for character in text:
        if character not in _VALUES:
            raise ValueError(f"bad character {character!r}")
        number = number << 5 | _VALUES[character]
    try:
        return number.to_bytes(size, "little")
    except OverflowError:
        raise ValueError(f"bad first character {text[0]!r}: the number is too large") from None
