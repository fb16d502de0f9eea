"""The SHA-256 digest that identifies every input and output."""

import base64
import hashlib
import os
import string
from dataclasses import dataclass
from typing import FrozenSet, Tuple, Union

from lading.values import nix32
from lading.values.chunks import chunks
from lading.values.errors import LadingError

_HEX_LENGTH = 64
_NIX32_LENGTH = 52
_BASE64_LENGTH = 44
_HEX_DIGITS = frozenset("0123456789abcdef")
_BASE64_DIGITS = frozenset(string.ascii_letters + string.digits + "+/")

#: Lengths of other hash functions in hexadecimal, to recognise them.
_OTHER_HEX_LENGTHS = {32: "md5", 40: "sha1", 96: "sha384", 128: "sha512"}
_OTHER_NAMES = ("md5", "sha1", "sha224", "sha384", "sha512", "blake3")

_FORMS = (
    "Write 64 lower-case hexadecimal digits, or `sha256-` and 44 characters of base-64 (SRI), "
    "or 52 characters of Nix base-32."
)


@dataclass(frozen=True)
class Sha256:
    """A SHA-256 digest. `hex` must have 64 lower-case digits; raises LadingError otherwise.

    `str()` gives the form of OCI descriptors, `sha256:<hex>` (OCI image-spec, descriptor.md).
    """

    hex: str

    def __post_init__(self) -> None:
        _check(self.hex, self.hex, "hexadecimal", _HEX_LENGTH, _HEX_DIGITS)

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.hex)

    @property
    def sri(self) -> str:
        """The form of W3C Subresource Integrity, which `nix hash` prints: `sha256-<base64>`."""
        return "sha256-" + base64.b64encode(self.raw).decode("ascii")

    @property
    def nix32(self) -> str:
        return nix32.encode(self.raw)

    @classmethod
    def of(cls, content: bytes) -> "Sha256":
        return cls(hashlib.sha256(content).hexdigest())

    @classmethod
    def of_file(cls, path: Union[str, bytes, "os.PathLike[str]"]) -> "Sha256":
        digest = hashlib.sha256()
        with open(path, "rb", buffering=0) as file:
            for chunk in chunks(file):
                digest.update(chunk)
        return cls(digest.hexdigest())

    @classmethod
    def from_bytes(cls, digest: bytes) -> "Sha256":
        return cls(digest.hex())

    @classmethod
    def parse(cls, text: str) -> "Sha256":
        """The digest that a person wrote, in any of the usual forms:

        hexadecimal, SRI, Nix base-32, and `sha256:` before hexadecimal or Nix base-32. Raises a
        LadingError with the reason for anything else.
        """
        name, separator, value = _split_name(text)
        if name in _OTHER_NAMES:
            raise _malformed(text, f"{name} is not supported, only sha256 is")
        if name not in ("", "sha256"):
            raise _malformed(text, f"{name!r} is not a hash function")
        if separator == "-":
            return cls._parse_base64(text, value)
        if len(value) == _NIX32_LENGTH:
            return cls._parse_nix32(text, value)
        return cls._parse_hex(text, value)

    @classmethod
    def _parse_base64(cls, text: str, value: str) -> "Sha256":
        # The last of the 44 characters is padding. The others are checked one by one because
        # b64decode skips unknown characters.
        unpadded = value[:-1] if value.endswith("=") else value
        _check(text, unpadded, "base-64", _BASE64_LENGTH - 1, _BASE64_DIGITS)
        return cls.from_bytes(base64.b64decode(unpadded + "="))

    @classmethod
    def _parse_nix32(cls, text: str, value: str) -> "Sha256":
        try:
            return cls.from_bytes(nix32.decode(value))
        except ValueError as error:
            raise _malformed(text, str(error)) from error

    @classmethod
    def _parse_hex(cls, text: str, value: str) -> "Sha256":
        if len(value) in _OTHER_HEX_LENGTHS and not set(value) - _HEX_DIGITS:
            other = _OTHER_HEX_LENGTHS[len(value)]
            raise _malformed(text, f"it is as long as {other}, which is not supported")
        is_hex = len(value) == _HEX_LENGTH and not set(value.lower()) - _HEX_DIGITS
        if is_hex and value != value.lower():
            raise _malformed(text, "hexadecimal digits must be lower-case")
        _check(text, value, "hexadecimal", _HEX_LENGTH, _HEX_DIGITS)
        return cls(value)


def _split_name(text: str) -> Tuple[str, str, str]:
    """The hash function's name, the separator and the value; the first two are empty for a bare
    value."""
    for separator in ("-", ":"):
        name, found, value = text.partition(separator)
        if found:
            return name, found, value
    return "", "", text


def _check(text: str, value: str, form: str, length: int, alphabet: FrozenSet[str]) -> None:
    """Refuse `text` unless its `value` has `length` characters of `alphabet`."""
    if not value:
        raise _malformed(text, "it is empty")
    for character in value:
        if character not in alphabet:
            raise _malformed(text, f"bad character {character!r}")
    if len(value) != length:
        fault = "short" if len(value) < length else "long"
        raise _malformed(
            text, f"too {fault}, {len(value)} characters of {form} instead of {length}"
        )


def _malformed(text: str, reason: str) -> LadingError:
    return LadingError(f"{text!r} is not a SHA-256: {reason}. {_FORMS}")
