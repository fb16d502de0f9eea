"""The URL of a file in a BUILD file or a lock."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

#: The names after `mirror://`, each with the form of the rest.
MIRRORS = {
    "debian": "mirror://debian/<path in the archive, such as pool/main/r/redis/...>",
    "pypi": "mirror://pypi/<project>/<file>",
}

_KINDS = "https://, http://, mirror:// and file:/"
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True)
class SourceUrl:
    """A checked URL.

    `scheme` is https, http, mirror or file. `host` is the name of the mirror for mirror, empty for
    file. `path` starts with a slash except for mirror, and is percent-decoded for mirror and file,
    which Lading resolves itself.
    """

    text: str
    scheme: str
    host: str
    path: str

    def __str__(self) -> str:
        return self.text

    @property
    def file_name(self) -> str:
        """The last segment of the path, percent-decoded."""
        return unquote(posixpath.basename(self.path))

    @classmethod
    def parse(cls, text: str) -> "SourceUrl":
        """Raises LadingError with the reason if `text` can't be the URL of a file to fetch."""
        unprintable = _UNPRINTABLE.search(text)
        if unprintable:
            raise _malformed(text, f"it contains {unprintable.group()!r}")
        parts = _split(text)
        if parts.scheme in ("https", "http"):
            url = _web_url(text, parts)
        elif parts.scheme == "mirror":
            url = _mirror_url(text, parts)
        elif parts.scheme == "file":
            url = _file_url(text, parts)
        else:
            found = f"unknown scheme {parts.scheme!r}" if parts.scheme else "it has no scheme"
            raise _malformed(text, f"{found}; known are {_KINDS}")
        if url.file_name in ("", ".", "..") or "/" in url.file_name or "\x00" in url.file_name:
            raise _malformed(text, "its path names no file")
        return url


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - computed when asked for
    except ValueError as error:
        raise _malformed(text, str(error)) from error
    return parts


def _web_url(text: str, parts: SplitResult) -> SourceUrl:
    if not parts.hostname:
        raise _malformed(text, "it names no host")
    if "@" in parts.netloc:
        raise LadingError(
            f"{printable_url(text)!r} holds a user name or password, which do not belong in a file "
            "that is shared. Put them into your `~/.netrc`."
        )
    return SourceUrl(text, parts.scheme, parts.netloc, parts.path)


def _mirror_url(text: str, parts: SplitResult) -> SourceUrl:
    known = " and ".join(sorted(MIRRORS))
    if parts.netloc not in MIRRORS:
        raise _malformed(text, f"there is no mirror {parts.netloc!r}; known are {known}")
    if parts.query or parts.fragment:
        raise _malformed(text, f"a mirror URL is {MIRRORS[parts.netloc]}, without ? and #")
    path = unquote(parts.path[1:])
    segments = path.split("/")
    is_clean = not set(segments) & {"", ".", ".."}
    if not is_clean or (parts.netloc == "pypi" and len(segments) != 2):
        raise _malformed(text, f"its path is not of the form {MIRRORS[parts.netloc]}")
    return SourceUrl(text, parts.scheme, parts.netloc, path)


def _file_url(text: str, parts: SplitResult) -> SourceUrl:
    if parts.netloc not in ("", "localhost"):
        raise _malformed(text, "a file URL names no host; write file:/absolute/path")
    if not parts.path.startswith("/"):
        raise _malformed(text, "its path is not absolute; write file:/absolute/path")
    return SourceUrl(text, parts.scheme, "", unquote(parts.path))


def _malformed(text: str, reason: str) -> LadingError:
    return LadingError(f"{text!r} is not a URL to fetch from: {reason}.")


# A password that has a slash, or another character that should have been written as %2F. What
# follows the colon is no port.
_ODD = r"[^/\s?#'\"@:\[]+:(?!\d*(?:[/?#\s'\"]|$))\S*@"
_ODD_PASSWORD = re.compile(rf"(?<=//){_ODD}")
_ODD_PASSWORD_AT_START = re.compile(rf"^{_ODD}")

# The time for a text with many URLs grows with the square of its length.
_LONGEST_TEXT = 8192


def redacted(text: str) -> str:
    """`text`, which is or contains URLs, without user names, passwords and query strings.

    It is for messages: a query can be a signature that grants access.
    """
    without_userinfo = re.sub(r"(?<=//)[^/\s?#'\"]*@", "", text[:_LONGEST_TEXT])
    without_password = _ODD_PASSWORD.sub("", without_userinfo)
    return re.sub(r"(//[^\s?#'\"]+)\?[^\s#'\"]*", r"\1?...", without_password)


def printable_url(url: str) -> str:
    """A single URL for messages; a server may have named it. Unlike in a text, spaces and quotes
    are parts of it, and don't end its user name, password or query."""
    plain, found = re.subn(r"^([a-z][a-z0-9+.-]*://)[^/?#]*@", r"\1", url, flags=re.IGNORECASE)
    if not found:
        scheme, slashes, rest = url.partition("//")
        plain = f"{scheme}{slashes}{_ODD_PASSWORD_AT_START.sub('', rest)}"
    place, question, _ = plain.partition("#")[0].partition("?")
    return printable(shown(f"{place}?..." if question else place))
