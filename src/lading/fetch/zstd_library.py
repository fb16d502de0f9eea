"""The zstd compressor of layers: a pinned libzstd for all machines.

Python has no zstd before 3.14, and zstd's output differs between its versions. The pinned one is
Debian's, which needs glibc 2.34 (2021).
"""

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256

#: The library's name in the package.
LIBRARY = "libzstd.so.1"

_VERSION = "1.5.4+dfsg2-5"
_SNAPSHOT = "20250520T000000Z"
_PACKAGES = {
    "amd64": (
        290036,
        Sha256("6315b5ac38b724a710fb96bf1042019398cb656718b1522279a5185ed39318fa"),
    ),
    "arm64": (
        250548,
        Sha256("95e173c9538f96ede4fc275ec7863f395a97dd0ea62454be9bc914efa1b9be93"),
    ),
}


def zstd_package(architecture: str) -> PinnedFile:
    """The Debian package that has `LIBRARY`, for an architecture by Debian's name."""
    name = f"libzstd1_{_VERSION}_{architecture}.deb"
    size, sha256 = _PACKAGES[architecture]
    return PinnedFile(
        name=name,
        urls=(SourceUrl.parse(f"mirror://debian/pool/main/libz/libzstd/{name}"),),
        sha256=sha256,
        size=size,
        snapshot=_SNAPSHOT,
    )
