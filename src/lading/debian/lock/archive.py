"""Reads the indexes of a Debian archive and verifies them, beginning with the signature.

Format: https://wiki.debian.org/DebianRepository/Format. `InRelease` is signed and has the SHA-256
of each `Packages.xz`, which has the SHA-256 of each package.
"""

import io
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from lading.debian.lock.keyring import KEYRING_DIRECTORY, certificates, verified
from lading.debian.lock.package_index import DEFAULT_PRIORITY
from lading.debian.lock.packed_index import PACKINGS, unpacked
from lading.debs.deb822 import paragraphs
from lading.fetch.apt_sources import APT_DIRECTORY
from lading.fetch.client import Client, Wanted
from lading.fetch.debian_mirrors import SNAPSHOT, STAMP_FORMAT, DebianMirror, debian_mirrors
from lading.fetch.partial_file import PartialFile
from lading.network.body import whole_number
from lading.network.faults import GoneError, UnavailableError
from lading.runtime.machine import Machine
from lading.values.counted import counted
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

_ORIGIN = "Debian"

#: Bytes of InRelease, Release and Release.gpg, which are read before anything is verified. This is
#: apt's limit (Acquire::MaxReleaseFileSize).
_LARGEST_RELEASE = 10_000_000

#: Bytes of an unpacked index if the signed Release has no size. Debian's has 60 MB.
_LARGEST_INDEX = 1 << 30

#: How a cleartext signed message begins (RFC 9580, 7). Other messages may be compressed.
_CLEARTEXT = re.compile(rb"^-----BEGIN PGP SIGNED MESSAGE-----\r?$", re.MULTILINE)

#: How far ahead of this machine's clock an index may be.
_CLOCK_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True)
class Release:
    """A suite's verified `Release` file. `files` has digest and size by path below the suite."""

    suite: str
    url: str
    fields: Mapping[str, str] = field(hash=False)
    files: Mapping[str, Tuple[Sha256, int]] = field(hash=False)

    @property
    def stamp(self) -> str:
        """Its date in the format of locks."""
        return self.date.astimezone(timezone.utc).strftime(STAMP_FORMAT)

    @property
    def priority(self) -> int:
        """apt_preferences(5), Default Priority Assignments."""
        if self.fields.get("notautomatic") != "yes":
            return DEFAULT_PRIORITY
        return 100 if self.fields.get("butautomaticupgrades") == "yes" else 1

    @property
    def date(self) -> datetime:
        return _time("Date", self.fields.get("date", ""))

    @property
    def valid_until(self) -> Optional[datetime]:
        text = self.fields.get("valid-until")
        return _time("Valid-Until", text) if text else None


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Archive:
    """The archive as this machine sees it."""

    machine: Machine
    apt_directory: Path = APT_DIRECTORY
    keyring_directory: Path = KEYRING_DIRECTORY
    clock: Callable[[], datetime] = _now

    def release(self, suite: str, not_before: str = "") -> Release:
        """The `Release` of the first mirror with one that is trusted and not older than
        `not_before`, a `stamp`.

        If there is none, raises LadingError with the problem at each mirror.
        """
        faults: List[str] = []
        for mirror in debian_mirrors(self.machine, suite, None, self.apt_directory):
            try:
                release = self._release(suite, mirror)
                self._check_dates(release, not_before)
                return release
            except LadingError as error:
                faults.append(f"{mirror.url}: {error}")
        raise LadingError(
            f"`suites` has {suite!r}, but no mirror has an index of it that can be trusted. "
            "Correct the suite, or configure a mirror of Debian. Tried:\n  " + "\n  ".join(faults)
        )

    def packages(self, release: Release, component: str, architecture: str) -> Iterator[bytes]:
        """The uncompressed `Packages` files of the installable packages.

        Usually there is one; a second one if packages for all architectures are kept separately.
        """
        names = [architecture]
        apart = "all" in release.fields.get("architectures", "").split()
        if apart and release.fields.get("no-support-for-architecture-all") != "Packages":
            names.append("all")
        for name in names:
            yield self._packages(release, component, name)

    def _release(self, suite: str, mirror: DebianMirror) -> Release:
        text = self._signed_text(suite, mirror).decode("utf-8", "replace")
        fields = next(paragraphs(text), {})
        release = Release(suite, mirror.url, fields, _files(fields.get("sha256", "")))
        if suite not in (fields.get("suite"), fields.get("codename")):
            raise LadingError(f"it has {_told(fields, 'codename')} instead of {suite!r}.")
        if not mirror.trusted_origin and fields.get("origin") != _ORIGIN:
            raise LadingError(f"its origin is {_told(fields, 'origin')} and not {_ORIGIN!r}.")
        return release

    def _signed_text(self, suite: str, mirror: DebianMirror) -> bytes:
        base = f"{mirror.url}/dists/{suite}"
        certs = certificates(mirror.signed_by, self.apt_directory, self.keyring_directory)
        signed = Wanted(limit=_LARGEST_RELEASE)
        message, signature = _get(f"{base}/InRelease", signed), None
        if message is None:
            message = _get(f"{base}/Release", signed)
            signature = _get(f"{base}/Release.gpg", signed)
            if message is None or signature is None:
                raise LadingError("it has no such suite.")
        else:
            message = _cleartext(message)
        text = verified(message, signature, certs)
        if text is None:
            raise LadingError("its index is not signed by a key that this machine trusts.")
        return text

    def _check_dates(self, release: Release, not_before: str) -> None:
        """Raises LadingError if the index has expired or is from the future, by this machine's
        clock and apt's settings, or if a newer one has been seen. These checks don't affect what is
        locked."""
        until, now = release.valid_until, self.clock()
        frozen = release.url.startswith(SNAPSHOT)
        if until and until < now and not frozen and self._apt_checks("Check-Valid-Until"):
            shown_until = printable(shown(release.fields["valid-until"]))
            raise LadingError(
                f"its index was valid until {shown_until}, so the mirror is out of date."
            )
        if release.date > now + _CLOCK_TOLERANCE and self._apt_checks("Check-Date"):
            raise LadingError(
                f"its index is dated {release.stamp}, but this machine's clock says "
                f"{now:%a, %d %b %Y %H:%M:%S} UTC. Set the clock."
            )
        if release.stamp < not_before:
            raise LadingError(
                f"its index is dated {release.stamp}, but the lock was made with that of "
                f"{not_before}. An outdated mirror hides security updates: wait until it is up to "
                "date, or use another one. To go back on purpose, run `generate-lockfiles` with "
                "`--lading-allow-older-index`."
            )

    def _apt_checks(self, setting: str) -> bool:
        """False if apt.conf(5) sets this Acquire option to no, as for frozen mirrors."""
        parts = self.apt_directory / "apt.conf.d"
        files = sorted(parts.iterdir()) if parts.is_dir() else []
        pattern = rf'^\s*(?:Acquire::)?{setting}\s+"?(\w+)"?\s*;'
        checks = True
        for path in [*files, self.apt_directory / "apt.conf"]:
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                for value in re.findall(pattern, text, re.MULTILINE | re.IGNORECASE):
                    checks = value.lower() not in ("false", "no", "0", "off")
        return checks

    def _packages(self, release: Release, component: str, architecture: str) -> bytes:
        stem = f"{component}/binary-{architecture}/Packages"
        for packing in PACKINGS:
            if stem + packing in release.files:
                return self._unpacked(release, stem, packing)
        raise LadingError(
            f"The suite {release.suite!r} has no packages of component {component!r} for "
            f"architecture {architecture!r}: it has the components "
            f"{_told(release.fields, 'components')} and the architectures "
            f"{_told(release.fields, 'architectures')}. Correct `components` or "
            "`architectures`."
        )

    def _unpacked(self, release: Release, stem: str, packing: str) -> bytes:
        packed = self._file(release, stem + packing)
        limit = min(
            release.files[stem][1] if stem in release.files else _LARGEST_INDEX, _LARGEST_INDEX
        )
        try:
            return unpacked(packing, packed, limit)
        except LadingError as error:
            raise LadingError(
                f"{release.url} has {stem}{packing} for the suite {release.suite!r}, which is "
                f"signed but can't be used. {error} Report it to the archive's maintainers."
            ) from error

    def _file(self, release: Release, name: str) -> bytes:
        digest, size = release.files[name]
        base = f"{release.url}/dists/{release.suite}"
        urls = [f"{base}/{name}"]
        if release.fields.get("acquire-by-hash") == "yes":
            # This URL still works if the mirror is updated between the two downloads.
            urls.insert(0, f"{base}/{name.rpartition('/')[0]}/by-hash/SHA256/{digest.hex}")
        for url in urls:
            content = _get(url, Wanted(limit=size))
            if content is not None:
                break
        else:
            raise LadingError(f"{urls[-1]} does not exist, though the suite's index lists it.")
        found = Sha256.of(content)
        if (found, len(content)) != (digest, size):
            raise LadingError(
                f"{url} has {counted(len(content), 'byte')} and the SHA-256 {found.hex}, but the "
                f"signed index says {size} and {digest.hex}. The mirror is being updated or is "
                "broken: try again in a few minutes, or configure another mirror of Debian."
            )
        return content


def _get(url: str, wanted: Wanted) -> Optional[bytes]:
    """The file's bytes, None if there is no such file. Raises LadingError if that can't be
    determined."""
    content = io.BytesIO()
    try:
        Client().save(url, PartialFile(content), wanted)
    except GoneError:
        return None
    except UnavailableError as error:
        raise LadingError(
            f"{url} cannot be read: {error.reason}. Try again later, or configure another mirror "
            "of Debian."
        ) from error
    return content.getvalue()


def _cleartext(message: bytes) -> bytes:
    """The message from the beginning of the signed text."""
    begin = _CLEARTEXT.search(message)
    if begin is None:
        raise LadingError("its InRelease is not a signed text.")
    return message[begin.start() :]


def _files(listing: str) -> Dict[str, Tuple[Sha256, int]]:
    """The files in a `SHA256` field: each line has digest, size and path."""
    rows = [line.split() for line in listing.splitlines()]
    files: Dict[str, Tuple[Sha256, int]] = {}
    for digest, size, path in (row for row in rows if len(row) == 3):
        number = whole_number(size)
        if number is None:
            raise LadingError(f"its index has {printable(shown(path))} with an invalid size.")
        files[path] = (_sha256(digest, path), number)
    return files


def _sha256(text: str, path: str) -> Sha256:
    try:
        return Sha256(text)
    except LadingError as error:
        raise LadingError(
            f"its index has {printable(shown(path))} with an invalid SHA-256."
        ) from error


def _time(name: str, text: str) -> datetime:
    """The time in a field of Release, which RFC 5322 and apt write in UTC. Raises LadingError if it
    is none."""
    try:
        time = parsedate_to_datetime(text)
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        found = (
            f"has the `{name}` {shown(text)!r}, which is not a time" if text else f"has no `{name}`"
        )
        raise LadingError(f"its index {found}.") from error


def _told(fields: Mapping[str, str], name: str) -> str:
    """A field's value for messages."""
    return repr(shown(fields[name])) if name in fields else "nothing"
