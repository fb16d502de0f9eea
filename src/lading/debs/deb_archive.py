"""The files of a Debian package in the form for images."""

import re
from dataclasses import dataclass, replace
from typing import Iterator, Mapping

from lading.debs.deb import Deb, broken
from lading.debs.unpack import MERGED, merged
from lading.tar.tree_segment import TreeFile

# deb-version(7), and Debian policy 5.6.8
_VERSION = re.compile(r"[A-Za-z0-9.+~:-]+")
_ARCHITECTURE = re.compile(r"[a-z0-9-]{1,50}")


@dataclass(frozen=True)
class DebArchive(Deb):
    """A package with a version, as packages of archives have."""

    @property
    def fields(self) -> Mapping[str, str]:
        fields = super().fields
        if not _VERSION.fullmatch(fields.get("version", "")):
            raise broken(self.filename, "it has no control file that names its version")
        if not _ARCHITECTURE.fullmatch(fields.get("architecture", "all")):
            raise broken(self.filename, "its control file names no architecture of Debian")
        return fields

    def files(self) -> Iterator[TreeFile]:
        """The package's files on a merged /usr, in its order, with each directory once. The root
        itself and the links at the root that merge /usr are left out.

        Raises LadingError like `members`.
        """
        directories = set()
        for file in self.members():
            member = file.member
            if member.path in MERGED and member.is_symlink:
                continue
            path = merged(member.path)
            if member.is_directory and path in directories:
                continue
            directories.add(path)
            placed = replace(member, path=path, hardlink=merged(member.hardlink))
            yield replace(file, member=placed)
