"""`fetch_url`: a file from a URL, pinned by its content."""

from __future__ import annotations

from typing import Iterable, Optional, Union

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    BoolField,
    InvalidFieldException,
    InvalidTargetException,
    StringField,
    StringSequenceField,
    Target,
)
from pants.util.strutil import help_text

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading_pants.fields.lading_target import LadingTarget


class FetchUrlField(StringSequenceField):
    alias = "url"
    required = True
    help = help_text(
        """
        Where to fetch the file from: a URL, or a list of URLs that are tried in order until one
        succeeds. Besides `https://`, `http://` and `file:/`, these are allowed:

        * `mirror://debian/<path>`: a file of the Debian archive, such as \
          `mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz`. Lading tries \
          `[lading].debian_mirrors`, then the mirrors in the machine's apt configuration, then \
          snapshot.debian.org.
        * `mirror://pypi/<project>/<file>`: a Python distribution. Lading tries the indexes of \
          `[python-repos]`, or else those that pip is configured with.

        Only the digest is part of what a store package is built from: changing the URL rebuilds
        nothing. Put user names and passwords into `~/.netrc`.
        """
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Union[str, Iterable[str]]], address: Address
    ) -> Optional[tuple[str, ...]]:
        given = (raw_value,) if isinstance(raw_value, str) else raw_value
        if not given:
            raise InvalidFieldException(
                f"{_subject(address)}: `url` is missing. Write at least one URL to fetch from."
            )
        urls = super().compute_value(given, address) or ()
        for url in urls:
            try:
                SourceUrl.parse(url)
            except LadingError as error:
                raise InvalidFieldException(f"{_subject(address)}: `url` {error}") from error
        return urls


class FetchUrlSha256Field(StringField):
    alias = "sha256"
    required = True
    help = help_text(
        """
        The SHA-256 that the file must have: 64 hexadecimal digits as `sha256sum` prints them, Nix
        base-32, or `sha256-<base64>` (SRI).

        Take it from the file's publisher. If they don't publish one, write 64 zeros: fetching the
        file then fails with an error that shows its digest.
        """
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        if raw_value is None or raw_value == "":
            raise InvalidFieldException(
                f"{_subject(address)}: `sha256` is missing, so there is nothing to check the file "
                "against. Take it from the file's publisher; or write 64 zeros, and the error "
                "when the file is fetched shows its digest."
            )
        value = super().compute_value(raw_value, address)
        try:
            Sha256.parse(raw_value)
        except LadingError as error:
            raise InvalidFieldException(f"{_subject(address)}: `sha256` {error}") from error
        return value


class FetchUrlFilenameField(StringField):
    alias = "filename"
    help = help_text(
        """
        The file's name, such as `redis.tar.gz`. Defaults to the last part of the first URL's
        path.
        """
    )


class FetchUrlExecutableField(BoolField):
    alias = "executable"
    default = False
    help = "Whether to make the file executable."


class FetchUrlTarget(LadingTarget):
    alias = "fetch_url"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        FetchUrlField,
        FetchUrlSha256Field,
        FetchUrlFilenameField,
        FetchUrlExecutableField,
    )
    help = help_text(
        """
        A file to download, pinned by its digest, as the source of a `store_package`.

            fetch_url(
                name="source",
                url="mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz",
                sha256="sha256-Sx3E7m1iKgn/+cZ3cZEgl1D7XlpyXveOoBLW7vTCKYI=",
            )

        The file is fetched when a build needs it, and checked against `sha256` before anything
        reads it. An interrupted download resumes where it stopped; if one URL fails, the next one
        is tried.
        """
    )

    def validate(self) -> None:
        super().validate()
        try:
            pinned_file(self)
        except LadingError as error:
            raise InvalidTargetException(f"{_subject(self.address)}: `filename` {error}") from error


def pinned_file(target: Target) -> PinnedFile:
    """The file that a `fetch_url` target names. Raises LadingError if its `filename` is invalid."""
    urls = tuple(SourceUrl.parse(url) for url in target[FetchUrlField].value or ())
    filename = target[FetchUrlFilenameField].value
    return PinnedFile(
        name=urls[0].file_name if filename is None else filename,
        urls=urls,
        sha256=Sha256.parse(target[FetchUrlSha256Field].value or ""),
        executable=target[FetchUrlExecutableField].value,
    )


def _subject(address: Address) -> str:
    return f"`fetch_url` {address}"
