"""The members of a layer as a list, so that trees can be computed without unpacking layers."""

import json
from dataclasses import dataclass
from typing import IO, Iterator, Optional

from lading.files.kind import Kind
from lading.tar.tar_header import TarMember


@dataclass(frozen=True)
class ListedMember:
    """A member of the layer, which may be a whiteout; sizes, times and attributes are left out.

    `data` is the content of the few files that are kept with their content, None for others.
    """

    member: TarMember
    data: Optional[bytes] = None

    def write(self, listing: IO[str]) -> None:
        """Write one line of JSON, in ASCII so that surrogates that stand for other bytes
        survive."""
        member = self.member
        fields = [
            *(
                member.path,
                member.type.tar_type,
                member.mode,
                member.uid,
                member.gid,
                member.target,
            ),
            *([] if self.data is None else [self.data.decode("utf-8", "surrogateescape")]),
        ]
        listing.write(json.dumps(fields, separators=(",", ":")) + "\n")


def read_listing(listing: IO[str]) -> Iterator[ListedMember]:
    """In the order of the layer."""
    for line in listing:
        path, letter, mode, uid, gid, target, *data = json.loads(line)
        type = Kind.of_tar_type(letter)
        assert type is not None, "as written above"
        member = TarMember(path, type, mode, uid=uid, gid=gid, target=target)
        yield ListedMember(member, *(text.encode("utf-8", "surrogateescape") for text in data))
