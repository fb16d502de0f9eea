"""The time that a file of an image was changed at, by its content.

Servers and browsers take a file with the same time and size for the same: nginx's ETag is made of
these two (nixpkgs#54955). The time of the build would make an image differ from the same image.
"""

from lading.values.digest import Sha256

# Zip archives have no time before 1980. The last one is in 2014, in the past for every clock.
_FIRST = 315532800
_BITS = 30


def content_time(digest: Sha256) -> int:
    """Seconds since 1970: another content has, but in one of a thousand million cases, another
    time, which may be earlier or later."""
    return _FIRST + (int(digest.hex, 16) >> (256 - _BITS))
