import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.values import nix32


def test_matches_what_nix_prints() -> None:
    """`nix hash to-base32` of SHA-256("abc") and of SHA-1("abc"), from nix's own tests."""
    assert (
        nix32.encode(hashlib.sha256(b"abc").digest())
        == "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"
    )
    assert nix32.encode(hashlib.sha1(b"abc").digest()) == "kpcd173cq987hw957sx6m0868wv3x6d9"


def test_most_significant_bits_of_the_last_byte_come_first() -> None:
    assert nix32.encode(b"\x01\x00") == "0001"
    assert nix32.encode(b"\x00\x80") == "1000"
    assert nix32.encode(b"") == ""


@given(st.binary(max_size=80))
def test_decode_undoes_encode(data: bytes) -> None:
    text = nix32.encode(data)
    assert len(text) == nix32.encoded_length(len(data))
    assert nix32.decode(text) == data


@given(st.text(nix32.ALPHABET, max_size=80))
def test_encode_undoes_decode_where_it_succeeds(text: str) -> None:
    try:
        data = nix32.decode(text)
    except ValueError:
        return
    assert nix32.encode(data) == text


@pytest.mark.parametrize(
    "text, reason",
    [
        ("0", "no number of bytes gives 1 characters"),
        ("000", "no number of bytes gives 3 characters"),
        ("0e", "bad character 'e'"),
        ("0O", "bad character 'O'"),
        ("0é", "bad character 'é'"),
        ("80", "bad first character '8'"),
        ("2" + "0" * 51, "bad first character '2'"),
    ],
)
def test_refuses_what_encode_never_writes(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        nix32.decode(text)
