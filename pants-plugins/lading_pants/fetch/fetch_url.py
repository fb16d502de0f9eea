"""`fetch_url`: a file from elsewhere, pinned by its content."""

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

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading_pants.fields.lading_target import LadingTarget


class FetchUrlField(StringSequenceField):
    alias = "url"
    required = True
    help = (
        "Where the file is: one URL, or a list that is tried in its order until one of them gives "
        "the file. Besides `https://`, `http://` and `file:/` there are\n\n"
        "- `mirror://debian/<path>`: the Debian archive, such as "
        "`mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz`. It is looked for at "
        "`[lading].debian_mirrors`, then where the machine's apt is configured to look, then at "
        "snapshot.debian.org.\n"
        "- `mirror://pypi/<project>/<file>`: a Python distribution. It is looked for in the "
        "indexes that `[python-repos]` or else pip is configured with.\n\n"
        "The URL is no part of what a store package is built from, the digest is: changing the "
        "URL rebuilds nothing. User names and passwords belong in `~/.netrc`."
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Union[str, Iterable[str]]], address: Address
    ) -> Optional[tuple[str, ...]]:
        given = (raw_value,) if isinstance(raw_value, str) else raw_value
        if not given:
            raise InvalidFieldException(
                f"{_subject(address)}: `url` is missing: it must be at least one URL to fetch from."
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
    help = (
        "The SHA-256 of the file, which it is trusted by: in hexadecimal as `sha256sum` prints "
        "it, in Nix base-32, or `sha256-<base64>` (SRI). Take it from the publisher of the file. "
        "If there is none, write 64 zeros: the error when the file is fetched shows its digest."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        if raw_value is None or raw_value == "":
            raise InvalidFieldException(
                f"{_subject(address)}: `sha256` is missing, and the file is trusted by nothing "
                "else. Take it from the file's publisher; or write 64 zeros, and the error "
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
    help = "What the file is called; the last segment of the first URL's path if unset."


class FetchUrlExecutableField(BoolField):
    alias = "executable"
    default = False
    help = "Whether the file is a program, so that it can be run."


class FetchUrlTarget(LadingTarget):
    alias = "fetch_url"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        FetchUrlField,
        FetchUrlSha256Field,
        FetchUrlFilenameField,
        FetchUrlExecutableField,
    )
    help = (
        "A file from elsewhere, named by its content, as a source of a `store_package`.\n\n"
        "It is fetched when a build needs it, and checked against `sha256` before anything sees "
        "it. Interrupted downloads go on where they stopped, and when a place is out of order, "
        "the next one is tried.\n\n"
        "    fetch_url(\n"
        '        name="source",\n'
        '        url="mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz",\n'
        '        sha256="sha256-Sx3E7m1iKgn/+cZ3cZEgl1D7XlpyXveOoBLW7vTCKYI=",\n'
        "    )\n"
    )

    def validate(self) -> None:
        super().validate()
        try:
            pinned_file(self)
        except LadingError as error:
            raise InvalidTargetException(f"{_subject(self.address)}: `filename` {error}") from error


def pinned_file(target: Target) -> PinnedFile:
    """The file that a `fetch_url` target names. LadingError if its `filename` is none."""
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
