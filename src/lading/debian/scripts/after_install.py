"""What maintainer scripts of common packages leave behind, as data.

For other packages only the lines of their scripts are known, which are reported to the user.
"""

from dataclasses import dataclass, field
from typing import Callable, Dict, Iterable, List, Mapping, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind


@dataclass(frozen=True)
class AfterInstall:
    """`directories` are modes and groups, `links` targets, `copies` come from files of the package,
    `texts` are contents; all by path without a leading slash.

    Files of packages and of a base stay unchanged, except where a link belongs.
    """

    directories: Mapping[str, Tuple[int, int]] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


# Nothing that the scripts do matters in a newly built image.
_NOTHING = AfterInstall()

_NETWORKS = "default\t\t0.0.0.0\nloopback\t127.0.0.0\nlink-local\t169.254.0.0\n\n"
_MAIL = 8
_USUAL = (0o755, 0)

#: By the package's name.
AFTER_INSTALL: Mapping[str, AfterInstall] = {
    "adduser": _NOTHING,
    "base-files": AfterInstall(
        directories={
            **dict.fromkeys(("etc/opt", "media", "mnt", "opt", "srv", "var/opt"), _USUAL),
            "run/lock": (0o1777, 0),
            "var/mail": (0o2775, _MAIL),
            **{
                f"usr/local/{name}": _USUAL
                for name in ("bin", "etc", "games", "include", "lib", "sbin", "share", "src")
            },
        },
        links={
            "etc/dpkg/origins/default": "debian",
            "var/lock": "/run/lock",
            "var/run": "/run",
            "var/spool/mail": "../mail",
        },
        copies={
            "etc/motd": "usr/share/base-files/motd",
            "etc/profile": "usr/share/base-files/profile",
            "root/.bashrc": "usr/share/base-files/dot.bashrc",
            "root/.profile": "usr/share/base-files/dot.profile",
        },
    ),
    "base-passwd": AfterInstall(
        copies={
            "etc/group": "usr/share/base-passwd/group.master",
            "etc/passwd": "usr/share/base-passwd/passwd.master",
        }
    ),
    # /bin/sh is one of `lading.debs.alternatives`.
    "bash": _NOTHING,
    "ca-certificates": AfterInstall(directories={"usr/local/share/ca-certificates": _USUAL}),
    "coreutils": _NOTHING,
    "dash": _NOTHING,
    "debianutils": _NOTHING,
    "dpkg": _NOTHING,
    "init-system-helpers": _NOTHING,
    "libc-bin": AfterInstall(copies={"etc/nsswitch.conf": "usr/share/libc-bin/nsswitch.conf"}),
    "libc6": _NOTHING,
    "libgssapi-krb5-2": _NOTHING,
    "libpam-modules": AfterInstall(texts={"etc/environment": ""}),
    # The runtime creates /etc/hosts.
    "netbase": AfterInstall(texts={"etc/networks": _NETWORKS}),
    "nginx-common": AfterInstall(
        links={"etc/nginx/sites-enabled/default": "/etc/nginx/sites-available/default"},
        copies={"var/www/html/index.nginx-debian.html": "usr/share/nginx/html/index.html"},
    ),
    "openssl": _NOTHING,
    # The group shadow is in base-passwd.
    "passwd": _NOTHING,
    "python3": AfterInstall(directories={"etc/python3": _USUAL}),
    "readline-common": AfterInstall(copies={"etc/inputrc": "usr/share/readline/inputrc"}),
    "tar": _NOTHING,
    "tzdata": AfterInstall(
        links={"etc/localtime": "/usr/share/zoneinfo/Etc/UTC"}, texts={"etc/timezone": "Etc/UTC\n"}
    ),
    "ucf": _NOTHING,
    "usr-is-merged": _NOTHING,
    "usrmerge": _NOTHING,
    **{
        f"python3.{minor}-minimal": AfterInstall(
            directories={f"usr/local/lib/python3.{minor}/dist-packages": _USUAL}
        )
        for minor in range(9, 15)
    },
}


def after_install_entries(
    packages: Iterable[str],
    exists: Callable[[str], bool],
    in_base: Callable[[str], bool],
    read: Callable[[str], bytes],
) -> List[Entry]:
    """What the scripts of these packages would leave behind. `exists` says whether something is in
    the image, `in_base` whether it was there before; `read` returns a file's bytes."""
    entries: Dict[str, Entry] = {}
    for name in packages:
        after = AFTER_INSTALL.get(name, _NOTHING)
        for path, (mode, group) in after.directories.items():
            entries[path] = Entry.directory(path, mode, 0, group)
        for path, target in after.links.items():
            if not in_base(path):
                entries[path] = Entry.symlink(path, target)
        for path, source in after.copies.items():
            if exists(source) and not exists(path):
                entries[path] = Entry(path, Kind.FILE, 0o644, data=read(source))
        for path, text in after.texts.items():
            if not exists(path):
                entries[path] = Entry(path, Kind.FILE, 0o644, data=text.encode("utf-8"))
    return [entry for _, entry in sorted(entries.items())]
