"""Make a Debian package a part of image layers:

    segment_main DEB DOCUMENTATION LIBRARY SEGMENT COMPRESSED MEMBERS PACKAGE

DOCUMENTATION is `documentation` or `no-documentation`, LIBRARY the compressor's. SEGMENT is a
tree segment, COMPRESSED what becomes of it, MEMBERS the JSON of its `TreeMember`s,
PACKAGE that of the `InstalledPackage`.
"""

from pathlib import Path
from typing import List

from lading.debian.deb_archive import read_deb_archive
from lading.debian.installation import describe, installed_files
from lading.image.layer_compression import compress_segment
from lading.image.tree_member import members_to_json
from lading.image.tree_segment import write_tree_segment
from lading.program import run

#: Whether documentation is wanted, as the argument has it.
DOCUMENTATION = {True: "documentation", False: "no-documentation"}


def main(argv: List[str]) -> None:
    deb_file, documentation, library, *outputs = argv
    segment, compressed, members_file, package_file = map(Path, outputs)
    deb = read_deb_archive(Path(deb_file))
    files = installed_files(deb, documentation == DOCUMENTATION[True])
    with segment.open("wb") as output:
        members = write_tree_segment(files, output)
    compress_segment(library, segment, compressed)
    members_file.write_text(members_to_json(members), encoding="ascii")
    package_file.write_text(describe(deb, files).to_json(), encoding="utf-8")


if __name__ == "__main__":
    run(main)
