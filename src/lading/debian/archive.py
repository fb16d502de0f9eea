"""Reads the indexes of a Debian archive, verified from the signature down.

Format: https://wiki.debian.org/DebianRepository/Format. `InRelease` is signed and has the
SHA-256 of each `Packages.xz`, which has the SHA-256 of each package.
"""

import io
import lzma
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from lading.counted import counted
from lading.debian.apt_sources import APT_DIRECTORY
from lading.debian.deb822 import paragraphs
from lading.debian.keyring import KEYRING_DIRECTORY, certificates, verified
from lading.debian.mirrors import SNAPSHOT, Mirror, debian_mirrors
from lading.digest import Sha256
from lading.errors import LadingError
from lading.fetch.client import Client
from lading.fetch.faults import GoneError, UnavailableError
from lading.fetch.part import Part
from lading.machine import Machine

_ORIGIN = "Debian"
_PACKINGS = (".xz", ".gz", "")


@dataclass(frozen=True)
class Release:
    """A suite's verified `Release` file. `files` has digest and size by path below the suite."""

    suite: str
    url: str
    fields: Mapping[str, str] = field(hash=False)
    files: Mapping[str, Tuple[Sha256, int]] = field(hash=False)

    @property
    def date(self) -> datetime:
        return parsedate_to_datetime(self.fields["date"])

    @property
    def valid_until(self) -> Optional[datetime]:
        text = self.fields.get("valid-until")
        return parsedate_to_datetime(text) if text else None


@dataclass(frozen=True)
class Archive:
    """The archive as this machine sees it."""

    machine: Machine
    apt_directory: Path = APT_DIRECTORY
    keyring_directory: Path = KEYRING_DIRECTORY

    def release(self, suite: str) -> Release:
        """The `Release` of the first mirror that has one which can be trusted.

        LadingError with what was wrong at each mirror if there is none.
        """
        faults: List[str] = []
        for mirror in debian_mirrors(self.machine, suite, None, self.apt_directory):
            try:
                return self._release(suite, mirror)
            except LadingError as error:
                faults.append(f"{mirror.url}: {error}")
        raise LadingError(
            f"`suites` has {suite!r}, and no mirror has an index of it that can be trusted. "
            "Correct the suite, or configure a mirror of Debian. Tried:\n  " + "\n  ".join(faults)
        )

    def packages(self, release: Release, component: str, architecture: str) -> Iterator[bytes]:
        """The `Packages` files that list what can be installed, uncompressed.

        Mostly one file; a second one where packages for all architectures are kept apart.
        """
        names = [architecture]
        apart = "all" in release.fields.get("architectures", "").split()
        if apart and release.fields.get("no-support-for-architecture-all") != "Packages":
            names.append("all")
        for name in names:
            yield self._packages(release, component, name)

    def _release(self, suite: str, mirror: Mirror) -> Release:
        text = self._signed_text(suite, mirror).decode("utf-8", "replace")
        fields = next(paragraphs(text), {})
        release = Release(suite, mirror.url, fields, _files(fields.get("sha256", "")))
        if suite not in (fields.get("suite"), fields.get("codename")):
            raise LadingError(f"it has {fields.get('codename')!r} in the place of {suite!r}.")
        if not mirror.trusted_origin and fields.get("origin") != _ORIGIN:
            raise LadingError(f"its origin is {fields.get('origin')!r} and not {_ORIGIN!r}.")
        if self._expired(release):
            raise LadingError(
                f"its index was valid until {fields['valid-until']}, so the mirror is out of date."
            )
        return release

    def _signed_text(self, suite: str, mirror: Mirror) -> bytes:
        base = f"{mirror.url}/dists/{suite}"
        certs = certificates(mirror.signed_by, self.apt_directory, self.keyring_directory)
        message, signature = _get(f"{base}/InRelease"), None
        if message is None:
            message, signature = _get(f"{base}/Release"), _get(f"{base}/Release.gpg")
            if message is None or signature is None:
                raise LadingError("it has no such suite.")
        text = verified(message, signature, certs)
        if text is None:
            raise LadingError("its index is not signed by a key that this machine trusts.")
        return text

    def _expired(self, release: Release) -> bool:
        """Past its date, unless it is meant to be old or apt is told not to mind."""
        until = release.valid_until
        if until is None or release.url.startswith(SNAPSHOT):
            return False
        return until < datetime.now(timezone.utc) and _apt_checks_dates(self.apt_directory)

    def _packages(self, release: Release, component: str, architecture: str) -> bytes:
        stem = f"{component}/binary-{architecture}/Packages"
        for packing in _PACKINGS:
            if stem + packing in release.files:
                return _unpacked(packing, self._file(release, stem + packing))
        raise LadingError(
            f"The suite {release.suite!r} has no packages of component {component!r} for "
            f"architecture {architecture!r}: it has the components "
            f"{release.fields.get('components', '')!r} and the architectures "
            f"{release.fields.get('architectures', '')!r}. Correct `components` or "
            "`architectures`."
        )

    def _file(self, release: Release, name: str) -> bytes:
        digest, size = release.files[name]
        base = f"{release.url}/dists/{release.suite}"
        urls = [f"{base}/{name}"]
        if release.fields.get("acquire-by-hash") == "yes":
            # Still there when the mirror is updated between the two downloads.
            urls.insert(0, f"{base}/{name.rpartition('/')[0]}/by-hash/SHA256/{digest.hex}")
        for url in urls:
            content = _get(url)
            if content is not None:
                break
        else:
            raise LadingError(f"{urls[-1]} does not exist, though the suite's index lists it.")
        found = Sha256.of(content)
        if (found, len(content)) != (digest, size):
            raise LadingError(
                f"{url} has {counted(len(content), 'byte')} and the SHA-256 {found.hex}, and the "
                f"signed index says {size} and {digest.hex}. The mirror is being updated or "
                "broken: try again in a few minutes, or configure another mirror of Debian."
            )
        return content


def _get(url: str) -> Optional[bytes]:
    """The file's bytes, None if there is no such file; LadingError if that cannot be known."""
    content = io.BytesIO()
    try:
        Client().save(url, Part(content))
    except GoneError:
        return None
    except UnavailableError as error:
        raise LadingError(
            f"{url} cannot be read: {error.reason}. Try again later, or configure another mirror "
            "of Debian."
        ) from error
    return content.getvalue()


def _files(listing: str) -> Dict[str, Tuple[Sha256, int]]:
    """The files of a `SHA256` field: digest, size and path a line."""
    rows = (line.split() for line in listing.splitlines())
    return {row[2]: (Sha256(row[0]), int(row[1])) for row in rows if len(row) == 3}


def _unpacked(packing: str, content: bytes) -> bytes:
    if packing == ".xz":
        return lzma.decompress(content)
    if packing == ".gz":
        return zlib.decompress(content, wbits=31)
    return content


def _apt_checks_dates(apt_directory: Path) -> bool:
    """False if apt.conf(5) sets Acquire::Check-Valid-Until to no, as on frozen mirrors."""
    parts = apt_directory / "apt.conf.d"
    files = sorted(parts.iterdir()) if parts.is_dir() else []
    checks = True
    for path in [*files, apt_directory / "apt.conf"]:
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            setting = r'^\s*Acquire::Check-Valid-Until\s+"?(\w+)"?\s*;'
            for value in re.findall(setting, text, re.MULTILINE | re.IGNORECASE):
                checks = value.lower() not in ("false", "no", "0", "off")
    return checks
