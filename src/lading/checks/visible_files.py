"""The files of an image as a program in it sees them."""

from dataclasses import dataclass, field
from typing import Mapping, Optional, Sequence

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles


@dataclass(frozen=True)
class VisibleFiles:
    """Entries by path without leading slash and without links among its parents; the root's path is
    "".

    `contents` are those of the files that checks read.
    """

    files: Mapping[str, Entry]
    contents: Mapping[str, bytes] = field(default_factory=dict)

    def find(self, path: str, through_link: bool = True) -> Optional[str]:
        """The key of what is at `path`, None if nothing is there.

        Links among its parents are followed; a final link is followed unless `through_link` is
        false.
        """
        place = follow(f"{path}/." if through_link else path, self._target)
        return place if place in self.files else None

    def _target(self, path: str) -> Optional[str]:
        file = self.files.get(path)
        return file.target if file is not None and file.kind == Kind.SYMLINK else None

    def find_file(self, path: str) -> Optional[str]:
        """The key of the regular file that a program opens at `path`, None if there is none."""
        key = self.find(path)
        return key if key is not None and self.files[key].kind == Kind.FILE else None

    def read(self, path: str) -> Optional[bytes]:
        """What a program reads at `path`, whose content was requested; None if there is no file."""
        key = self.find_file(path)
        return None if key is None else self.contents[key]

    def names(self, directory: str) -> Sequence[str]:
        """The sorted names in a directory; empty if there is none."""
        key = self.find(directory)
        if key is None:
            return ()
        prefix = f"{key}/" if key else ""
        inside = (path[len(prefix) :] for path in self.files if path.startswith(prefix))
        return sorted(name for name in inside if name and "/" not in name)

    @property
    def accounts(self) -> AccountFiles:
        """The contents of `ACCOUNT_FILES` must have been requested."""
        contents = ((path, self.read(path)) for path in ACCOUNT_FILES)
        return AccountFiles.from_data({path: data for path, data in contents if data is not None})
