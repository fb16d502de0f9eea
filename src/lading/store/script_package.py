"""A script as a store package: an executable file at the store path."""

from dataclasses import dataclass
from typing import Mapping, Sequence, Tuple

from lading.files.entry import EXECUTABLE_MODE, Entry
from lading.files.kind import Kind
from lading.store.package import StorePackage
from lading.store.references import HashScanner
from lading.store.script import Programs, run_from_store
from lading.tar import tar_header
from lading.values.digest import Sha256
from lading.values.path import StorePath


@dataclass(frozen=True)
class ScriptPackage:
    """What `lading.store.build.write_package` would write for a file with the script."""

    package: StorePackage
    members: Tuple[Entry, ...]
    segment: bytes

    @classmethod
    def of(
        cls, text: str, path: StorePath, packages: Mapping[StorePath, Sequence[Entry]]
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
        size = len(content)
        member = Entry("", Kind.FILE, EXECUTABLE_MODE, size=size, sha256=Sha256.of(content).hex)
        header = tar_header.header(member, str(path)[1:])
        segment = header + content + tar_header.padding(size)
        found = HashScanner.of(package.hash for package in packages).scan([content])
        references = sorted(package for package in packages if package.hash.encode() in found)
        package = StorePackage(
            path=path,
            references=tuple(references),
            reasons=(".",) * len(references),
            segment_sha256=Sha256.of(segment).hex,
            segment_size=len(segment),
            unpacked_size=size,
        )
        return cls(package, (member,), segment)
