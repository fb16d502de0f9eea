"""A script as a store package: an executable file at the store path."""

from dataclasses import dataclass
from typing import Mapping, Sequence, Tuple

from lading.files.kind import Kind
from lading.files.members import EXECUTABLE_MODE, Member
from lading.store.package import StorePackage
from lading.store.references import Wanted
from lading.store.script import Programs, run_from_store
from lading.tar import tar_header
from lading.tar.tar_header import TarMember
from lading.values.digest import Sha256
from lading.values.path import StorePath


@dataclass(frozen=True)
class ScriptPackage:
    """What `lading.store.build.write_package` would write for a file with the script."""

    package: StorePackage
    members: Tuple[Member, ...]
    segment: bytes

    @classmethod
    def of(
        cls, text: str, path: StorePath, packages: Mapping[StorePath, Sequence[Member]]
    ) -> "ScriptPackage":
        """Package a script whose `text` has store paths and may refer to `packages`. These are
        searched in order for the program of its `#!` line.

        Raises `LadingError` if they have no program that can run it.
        """
        programs = Programs(
            {
                package: {member.path: member for member in members}
                for package, members in packages.items()
            }
        )
        content = run_from_store(text, programs).encode("utf-8")
        size, mode = len(content), EXECUTABLE_MODE
        header = tar_header.header(TarMember(str(path)[1:], Kind.FILE, mode, size))
        segment = header + content + tar_header.padding(size)
        found = Wanted.of(package.hash for package in packages).scan([content])
        references = sorted(package for package in packages if package.hash.encode() in found)
        package = StorePackage(
            path=path,
            references=tuple(references),
            reasons=(".",) * len(references),
            segment_sha256=Sha256.of(segment).hex,
            segment_size=len(segment),
            unpacked_size=size,
        )
        member = Member("", Kind.FILE, mode, size, Sha256.of(content).hex)
        return cls(package, (member,), segment)
