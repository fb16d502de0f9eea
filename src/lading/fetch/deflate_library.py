"""The gzip compressor of layers: a pinned libdeflate for all machines.

gzip output differs between compressors and between their versions, so the machine's own can't be
used. The pinned one is Debian's; its newest glibc symbol is memcpy@GLIBC_2.14, so it loads on any
Linux in use.
"""

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256

#: The library's name in the package.
LIBRARY = "libdeflate.so.0"

_VERSION = "1.14-1"
_SNAPSHOT = "20250520T000000Z"
_PACKAGES = {
    "amd64": Sha256("3d4b39f94317b64a860db8a7a8b581b555124cd461fe07ec0d347edbdb9f6683"),
    "arm64": Sha256("32576ec45ad51662e02f5381e09cca75bc114065eaf28090f7294a4d84526451"),
}


def deflate_package(architecture: str) -> PinnedFile:
    """The Debian package that has `LIBRARY`, for an architecture by Debian's name."""
    name = f"libdeflate0_{_VERSION}_{architecture}.deb"
    return PinnedFile(
        name=name,
        urls=(SourceUrl.parse(f"mirror://debian/pool/main/libd/libdeflate/{name}"),),
        sha256=_PACKAGES[architecture],
        snapshot=_SNAPSHOT,
    )
