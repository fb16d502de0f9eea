"""Take one file out of a Debian package: `extract_main DEB NAME OUTPUT`.

NAME is the last component of the file's path in the package; links to it are followed.
"""

from pathlib import Path, PurePosixPath
from typing import List

from lading.debs.deb import Deb
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file
from lading.values.errors import LadingError


def main(argv: List[str]) -> None:
    deb, name, output = argv
    with whole_file(Path(output)) as file:
        file.write(_content(Deb.read(Path(deb)), name))


def _content(deb: Deb, name: str) -> bytes:
    members = {PurePosixPath(file.member.path).name: file for file in deb.members()}
    while name in members and members[name].member.is_symlink:
        name = PurePosixPath(members.pop(name).member.target).name
    if name not in members:
        raise LadingError(f"{deb.filename} has no file called {name!r}: its layout has changed.")
    content = members[name].content
    assert not isinstance(content, Path), "it is mapped"
    return bytes(content)


if __name__ == "__main__":
    run(main)
