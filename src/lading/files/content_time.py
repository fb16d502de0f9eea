"""A modification time for a file of an image, derived from its content.

Servers and browsers assume that a file with the same time and size is unchanged: nginx's ETag is
made of these two (nixpkgs#54955). The time of the build would make every build of an image
different.
"""

from lading.values.digest import Sha256

# Zip archives have no time before 1980. The last possible time is in 2014, in the past for every
# clock.
_FIRST = 315532800
_BITS = 30


def content_time(digest: Sha256) -> int:
    """Seconds since 1970. Another content has another time, which may be earlier or later, except
    in one of a thousand million cases."""
    return _FIRST + (int(digest.hex, 16) >> (256 - _BITS))
