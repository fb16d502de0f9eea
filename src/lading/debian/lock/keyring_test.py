import base64
from pathlib import Path
from typing import List

import pysequoia
import pytest

from lading.debian.lock.keyring import certificates, verified
from lading.values.errors import LadingError

ONE = pysequoia.Tsk.generate("one@archive.example")
TWO = pysequoia.Tsk.generate("two@archive.example")


def armored(*keys: pysequoia.Tsk) -> str:
    return "".join(str(key.extract_certificate()) for key in keys)


def fingerprint(key: pysequoia.Tsk) -> str:
    return key.extract_certificate().fingerprint


def found(tmp_path: Path, *signed_by: str) -> List[str]:
    certs = certificates(tuple(signed_by), tmp_path / "apt", tmp_path / "keyrings")
    return [cert.fingerprint for cert in certs]


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path) -> None:
    parts = tmp_path / "apt" / "trusted.gpg.d"
    parts.mkdir(parents=True)
    (parts / "two.asc").write_text(armored(TWO))
    (parts / "two.txt").write_text("not a keyring")
    (tmp_path / "apt" / "trusted.gpg").write_bytes(b"\0\0\0 \x01\x01\0\2KBXf, a keybox")
    (tmp_path / "keyrings").mkdir()
    (tmp_path / "keyrings" / "debian-archive-keyring.gpg").write_bytes(dearmored(armored(ONE)))


def dearmored(text: str) -> bytes:
    lines = text.partition("\n\n")[2].splitlines()
    return base64.b64decode("".join(line for line in lines if line[:1] not in ("=", "-")))


def test_without_signed_by_all_that_is_trusted_counts(tmp_path: Path) -> None:
    assert found(tmp_path) == [fingerprint(TWO), fingerprint(ONE)]


def test_signed_by_a_file_a_block_or_a_fingerprint(tmp_path: Path) -> None:
    keyring = tmp_path / "one.asc"
    keyring.write_text(armored(ONE))
    assert found(tmp_path, str(keyring)) == [fingerprint(ONE)]
    assert found(tmp_path, armored(TWO)) == [fingerprint(TWO)]
    assert found(tmp_path, fingerprint(ONE).upper() + "!") == [fingerprint(ONE)]


def test_refuses_keyrings_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(LadingError, match="missing.gpg of `Signed-By` .* cannot be read"):
        found(tmp_path, str(tmp_path / "missing.gpg"))
    with pytest.raises(LadingError, match="two.txt of `Signed-By` .* holds no OpenPGP keys"):
        found(tmp_path, str(tmp_path / "apt/trusted.gpg.d/two.txt"))
    with pytest.raises(LadingError, match="^`Signed-By` in apt's sources holds no OpenPGP keys"):
        found(tmp_path, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n")


def test_a_machine_without_keys_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(LadingError, match="no keys of the Debian archive.*debian-archive-keyring"):
        certificates((), tmp_path / "nothing", tmp_path / "nothing")


def test_verified_gives_the_signed_text_only() -> None:
    certs = (ONE.extract_certificate(),)
    mode = pysequoia.SignatureMode
    message = pysequoia.sign(ONE.signer(), b"text\n", mode=mode.CLEAR)
    signature = pysequoia.sign(ONE.signer(), b"text\n", mode=mode.DETACHED)
    assert verified(message, None, certs) == b"text\n"
    assert verified(b"text\n", signature, certs) == b"text\n"


@pytest.mark.parametrize(
    "message, signature",
    [
        (pysequoia.sign(TWO.signer(), b"text", mode=pysequoia.SignatureMode.CLEAR), None),
        (b"text", pysequoia.sign(TWO.signer(), b"text", mode=pysequoia.SignatureMode.DETACHED)),
        (b"other", pysequoia.sign(ONE.signer(), b"text", mode=pysequoia.SignatureMode.DETACHED)),
        (b"text", b"no signature"),
        (b"text", None),
        (b"", None),
    ],
)
def test_verified_gives_nothing_that_is_not_signed(message: bytes, signature: bytes) -> None:
    assert verified(message, signature, (ONE.extract_certificate(),)) is None
