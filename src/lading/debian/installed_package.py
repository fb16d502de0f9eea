"""A Debian package as it lies in an image, besides its files."""

from dataclasses import dataclass
from typing import Mapping, Tuple


@dataclass(frozen=True)
class InstalledPackage:
    """`control` is the paragraph that describes it, ending in a newline. `conffiles` are paths
    without leading slash with their MD5, `md5sums` those of all files that are in the image.

    `replaces` names packages whose files it may take. `listed` are the paths of its files in
    the image as it has them, in its order. `control_files` are texts by name, of scripts and others
    that dpkg keeps, `temporary` the directories that systemd-tmpfiles would make, as lines of
    tmpfiles.d(5), `interests` the triggers that other packages may set off.
    """

    name: str
    version: str
    architecture: str
    control: str
    multi_arch_same: bool
    conffiles: Tuple[Tuple[str, str], ...]
    md5sums: Tuple[Tuple[str, str], ...]
    replaces: Tuple[str, ...]
    listed: Tuple[str, ...]
    control_files: Mapping[str, str]
    temporary: Tuple[str, ...]
    interests: Tuple[str, ...]
