"""The members of a layer as a list, so that trees can be computed without unpacking layers."""

from typing import IO, Any, Iterator, Optional, Tuple

from lading.files.entry import Entry
from lading.values.json_codec import from_json, to_json

#: A member, which may be a whiteout, and the content of the few files that are kept with it.
ListedMember = Tuple[Entry, Optional[bytes]]
_LINE: Any = ListedMember


def listed(member: Entry, content: Optional[bytes]) -> str:
    """A line of the listing, without size, time and attributes."""
    owner = member.uid, member.gid
    entry = Entry(
        member.path, member.kind, member.mode, *owner, member.target, hardlink=member.hardlink
    )
    return to_json((entry, content))


def read_listing(listing: IO[str]) -> Iterator[ListedMember]:
    """In the order of the layer."""
    for line in listing:
        yield from_json(_LINE, line)
