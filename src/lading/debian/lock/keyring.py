"""Which signatures of an archive's indexes this machine trusts.

pysequoia, a wheel on PyPI, verifies them rather than the host's gpgv or sqv: not every machine has
those, they differ between releases, and gpgv does not read armored keyrings.
"""

from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import pysequoia

from lading.fetch.apt_sources import APT_DIRECTORY
from lading.values.errors import LadingError

#: The directory where debian-archive-keyring puts its keys; their suffix changed with Debian 13.
KEYRING_DIRECTORY = Path("/usr/share/keyrings")
_ARCHIVE_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")

_SUFFIXES = (".gpg", ".pgp", ".asc")
_ARMOR = "-----BEGIN PGP"


def certificates(
    signed_by: Tuple[str, ...],
    apt_directory: Path = APT_DIRECTORY,
    keyring_directory: Path = KEYRING_DIRECTORY,
) -> Tuple[pysequoia.Cert, ...]:
    """The certificates that `Signed-By` names, or else all of apt and debian-archive-keyring.

    Raises LadingError if `signed_by` names a file that can't be read as a keyring, or if there is
    no certificate at all.
    """
    files = [word for word in signed_by if word.startswith("/")]
    blocks = [word for word in signed_by if word.startswith(_ARMOR)]
    fingerprints = {
        word.rstrip("!").lower() for word in signed_by if word not in files and word not in blocks
    }
    found: List[pysequoia.Cert] = []
    for file in files:
        found += _read(Path(file), "of `Signed-By` in apt's sources")
    for block in blocks:
        found += _parse(block.encode("utf-8"), "`Signed-By` in apt's sources")
    if fingerprints or not signed_by:
        for path in _trusted(apt_directory, keyring_directory):
            certs = _read_if_keyring(path)
            found += [c for c in certs if not fingerprints or c.fingerprint in fingerprints]
    if not found:
        raise LadingError(
            "This machine has no keys of the Debian archive, so its index cannot be verified. "
            "Install the package `debian-archive-keyring`, or put its keyring at "
            f"{keyring_directory / _ARCHIVE_KEYRINGS[0]}."
        )
    return tuple(found)


def verified(
    signed: bytes, signature: Optional[bytes], certs: Tuple[pysequoia.Cert, ...]
) -> Optional[bytes]:
    """The text that one of `certs` has signed, None if none of them did.

    `signed` is a cleartext signed message (`InRelease`) or, if `signature` is given, the plain text
    for this detached signature (`Release.gpg`). Use only the result: a message can have unsigned
    text around the signed one.
    """
    try:
        if signature is None:
            result = pysequoia.verify(bytes=signed, store=lambda keys: list(certs))
            return None if result.bytes is None else bytes(result.bytes)
        detached = pysequoia.Sig.from_bytes(signature)
        pysequoia.verify(bytes=signed, store=lambda keys: list(certs), signature=detached)
        return signed
    except (RuntimeError, ValueError, OSError):
        return None


def _trusted(apt_directory: Path, keyring_directory: Path) -> Iterator[Path]:
    yield apt_directory / "trusted.gpg"
    parts = apt_directory / "trusted.gpg.d"
    if parts.is_dir():
        yield from sorted(path for path in parts.iterdir() if path.suffix in _SUFFIXES)
    for name in _ARCHIVE_KEYRINGS:
        yield keyring_directory / name


def _read(path: Path, where: str) -> List[pysequoia.Cert]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LadingError(
            f"The keyring {path} {where} cannot be read ({error.strerror}). Install the package "
            "that has it, or correct the path."
        ) from error
    return _parse(content, f"The keyring {path} {where}")


def _parse(content: bytes, what: str) -> List[pysequoia.Cert]:
    try:
        return list(pysequoia.Cert.split_bytes(content))
    except (RuntimeError, ValueError) as error:
        raise LadingError(
            f"{what} holds no OpenPGP keys. Install it again, or correct the path."
        ) from error


def _read_if_keyring(path: Path) -> List[pysequoia.Cert]:
    # `trusted.gpg` may be in GnuPG's keybox format, which apt refuses too.
    try:
        return _read(path, "")
    except LadingError:
        return []
