import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.values.digest import Sha256
from lading.values.errors import LadingError

ABC_HEX = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
ABC_SRI = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
ABC_NIX32 = "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"
ABC = Sha256(ABC_HEX)


@pytest.mark.parametrize(
    "text",
    [
        ABC_HEX,
        ABC_SRI,
        ABC_SRI.rstrip("="),
        ABC_NIX32,
        "sha256:" + ABC_HEX,
        "sha256:" + ABC_NIX32,
    ],
)
def test_every_usual_form_is_the_same_digest(text: str) -> None:
    assert Sha256.parse(text) == ABC


def test_forms_written() -> None:
    assert ABC.sri == ABC_SRI
    assert ABC.nix32 == ABC_NIX32
    assert str(ABC) == "sha256:" + ABC_HEX
    assert ABC.raw == hashlib.sha256(b"abc").digest()


@given(st.binary(min_size=32, max_size=32))
def test_what_is_written_can_be_read(digest: bytes) -> None:
    sha256 = Sha256.from_bytes(digest)
    for text in (sha256.hex, sha256.sri, sha256.nix32, str(sha256)):
        assert Sha256.parse(text) == sha256


MALFORMED = [
    ("", "it is empty"),
    ("sha256:", "it is empty"),
    ("sha256-", "it is empty"),
    (ABC_HEX[:-1], "too short, 63 characters of hexadecimal instead of 64"),
    (ABC_HEX + "0", "too long, 65 characters of hexadecimal instead of 64"),
    (ABC_HEX.upper(), "hexadecimal digits must be lower-case"),
    ("g" + ABC_HEX[1:], "bad character 'g'"),
    (" " + ABC_HEX, "bad character ' '"),
    (ABC_HEX + "\n", r"bad character '\\n'"),
    ("e" + ABC_NIX32[1:], "bad character 'e'"),
    ("2" + ABC_NIX32[1:], "bad first character '2'"),
    (ABC_SRI[:-2], "too short, 42 characters of base-64 instead of 43"),
    (ABC_SRI + "=", "bad character '='"),
    (ABC_SRI.replace("/", "_"), "bad character '_'"),
    (hashlib.sha512(b"abc").hexdigest(), "it is as long as sha512, which is not supported"),
    (hashlib.sha1(b"abc").hexdigest(), "it is as long as sha1, which is not supported"),
    ("sha512-3a81oZNherrMQXNJriBBMRLm", "sha512 is not supported, only sha256 is"),
    ("md5:900150983cd24fb0d6963f7d28e17f72", "md5 is not supported, only sha256 is"),
    ("SHA256:" + ABC_HEX, "'SHA256' is not a hash function"),
    ("tiger-" + ABC_HEX, "'tiger' is not a hash function"),
]


@pytest.mark.parametrize("text, reason", MALFORMED)
def test_malformed_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(LadingError, match=reason) as raised:
        Sha256.parse(text)
    assert "64 lower-case hexadecimal digits" in str(raised.value)


@pytest.mark.parametrize("text", [text for text, _ in MALFORMED])
def test_the_constructor_is_strict(text: str) -> None:
    with pytest.raises(LadingError):
        Sha256(text)


def test_the_digest_of_a_content(tmp_path: Path) -> None:
    assert Sha256.of(b"abc") == ABC
    (tmp_path / "abc").write_bytes(b"abc")
    assert Sha256.of_file(tmp_path / "abc") == ABC
