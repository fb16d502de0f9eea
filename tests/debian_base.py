"""A real Debian, which base images of the tests have in them. It is as Debian is today."""

import io
import subprocess
import tarfile
from fnmatch import fnmatch
from pathlib import Path

from lock import locked

from lading.fetch.debian_mirrors import debian_base_urls
from lading.runtime.machine import Machine

SUITE = "bookworm"

# What nobody needs who starts programs.
_EXCLUDED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/usr/share/info/*")

#: Of `small`: a shell, a few programs, and the libraries that they need.
_SMALL = (
    *("bin", "lib", "lib64", "sbin", "etc/group", "etc/passwd", "tmp", "var/tmp"),
    *(f"usr/bin/{name}" for name in ("bash", "cat", "dash", "echo", "id", "ls")),
    *(f"usr/bin/{name}" for name in ("readlink", "rm", "sh", "stat")),
    *(f"usr/lib/*-linux-gnu/lib{name}.so.*" for name in ("c", "pcre2-8", "selinux", "tinfo")),
    *("usr/lib/*-linux-gnu/ld-linux-*", "usr/lib/ld-linux-*", "usr/lib64/ld-linux-*"),
)


def debian(session: Path) -> bytes:
    """A tar archive of a Debian with apt and certificates: 130 MB, made in 20 seconds by the first
    of the processes that have the directory `session` in common.

    Its members are called `./usr/bin/bash` and so on; /bin, /lib and /sbin are links, and /dev has
    devices.
    """
    path = session / "debian.tar"
    with locked(session / "debian.lock"):
        if not path.exists():
            _make(session / "new.tar")
            (session / "new.tar").rename(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    mirror = debian_base_urls(Machine({}), SUITE)[0]
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED]
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", *excluded]
        + [SUITE, str(path), mirror],
        check=True,
    )


def small(debian: bytes) -> bytes:
    """What has a shell of it, and little else: 4 MB."""
    output = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(debian)) as archive, tarfile.open(
        fileobj=output, mode="w"
    ) as chosen:
        for member in archive:
            name = member.name.lstrip("./")
            if any(fnmatch(name, pattern) for pattern in _SMALL):
                chosen.addfile(member, archive.extractfile(member) if member.isreg() else None)
    return output.getvalue()
