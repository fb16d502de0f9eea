"""Make a Debian package a part of image layers:

    segment_main DEB DOCUMENTATION LIBRARY SEGMENT COMPRESSED MEMBERS PACKAGE

DOCUMENTATION is `documentation` or `no-documentation`, LIBRARY is the compressor's. SEGMENT is a
tree segment, COMPRESSED its compressed form, MEMBERS the JSON of `Members`, PACKAGE that of
the `InstalledPackage`.
"""

from pathlib import Path
from typing import List

from lading.debian.installation import describe, installed_files
from lading.debs.deb_archive import DebArchive
from lading.image.layers.part_files import write_part
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.json_codec import to_json

#: The values of the argument that says whether documentation is wanted.
DOCUMENTATION = {True: "documentation", False: "no-documentation"}


def main(argv: List[str]) -> None:
    deb_file, documentation, library, *outputs, package_file = argv
    deb = DebArchive.read(Path(deb_file))
    files = installed_files(deb, documentation == DOCUMENTATION[True])
    write_part(files, library, outputs)
    write_whole(Path(package_file), to_json(describe(deb, files)))


if __name__ == "__main__":
    run(main)
