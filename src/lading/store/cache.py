"""What is unpacked once a machine: the append-only cache that every program finds."""

from pathlib import Path

from lading.made_once import made_once, workplace
from lading.store.request import InputPackage
from lading.store.segment import unpack_segment

#: Where the cache lies in a program's sandbox.
CACHE = Path(".lading/cache")


def unpacked(package: InputPackage) -> Path:
    """Where the package is unpacked on this machine; unpacks it if this is its first use."""

    def unpack(place: Path) -> None:
        with workplace(place) as work:
            unpack_segment(Path(package.segment), work)
            (work / place.name).rename(place)

    place = CACHE / "store" / package.sha256 / package.path.base
    return made_once(place.absolute(), unpack)
