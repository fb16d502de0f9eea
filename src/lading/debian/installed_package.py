"""Description of a Debian package in an image, without its files."""

from dataclasses import dataclass
from typing import Mapping, Tuple


@dataclass(frozen=True)
class InstalledPackage:
    """`control` is the paragraph that describes it, ending in a newline. `conffiles` are paths
    without leading slash with their MD5; `md5sums` are those of all files in the image.

    `replaces` names packages whose files it may overwrite. `listed` are the paths of its files in
    the image, in the package's form and order. `control_files` are texts by name, of scripts and
    other files that dpkg keeps. `temporary` is what systemd-tmpfiles would create, as lines of
    tmpfiles.d(5). `interests` are the triggers that other packages may activate.
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
