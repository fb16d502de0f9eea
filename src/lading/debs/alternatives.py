"""What `update-alternatives` does when packages are installed, as data.

Maintainer scripts don't run, so that the same packages give the same files everywhere.
"""

from typing import Callable, Dict, Mapping, Tuple

from lading.values.errors import LadingError

#: Link -> the targets that it may have, in order of Debian's priorities. Man pages are left out.
ALTERNATIVES: Mapping[str, Tuple[str, ...]] = {
    "usr/bin/aclocal": ("usr/bin/aclocal-1.16", "usr/bin/aclocal-1.17"),
    "usr/bin/automake": ("usr/bin/automake-1.16", "usr/bin/automake-1.17"),
    "usr/bin/awk": ("usr/bin/gawk", "usr/bin/mawk", "usr/bin/original-awk"),
    "usr/bin/c++": ("usr/bin/g++", "usr/bin/clang++"),
    "usr/bin/c89": ("usr/bin/c89-gcc",),
    "usr/bin/c99": ("usr/bin/c99-gcc",),
    "usr/bin/cc": ("usr/bin/gcc", "usr/bin/clang", "usr/bin/tcc"),
    "usr/bin/editor": ("usr/bin/vim.basic", "usr/bin/nano", "usr/bin/vim.tiny", "usr/bin/ed"),
    "usr/bin/f77": ("usr/bin/gfortran",),
    "usr/bin/f95": ("usr/bin/gfortran",),
    "usr/bin/fakeroot": ("usr/bin/fakeroot-sysv", "usr/bin/fakeroot-tcp"),
    "usr/bin/lzma": ("usr/bin/xz",),
    "usr/bin/nawk": ("usr/bin/gawk", "usr/bin/mawk", "usr/bin/original-awk"),
    "usr/bin/nc": ("usr/bin/nc.openbsd", "usr/bin/nc.traditional"),
    "usr/bin/pager": ("usr/bin/less", "usr/bin/more"),
    # bash and dash have no alternative for this link, but dash ships it and may be absent.
    "usr/bin/sh": ("usr/bin/dash", "usr/bin/bash"),
    "usr/bin/unlzma": ("usr/bin/unxz",),
    "usr/bin/vi": ("usr/bin/vim.basic", "usr/bin/vim.tiny", "usr/bin/nvi"),
    "usr/bin/which": ("usr/bin/which.debianutils",),
    "usr/bin/yacc": ("usr/bin/bison.yacc", "usr/bin/byacc"),
    "usr/lib/cpp": ("usr/bin/cpp",),
}


def settle(wanted: Mapping[str, str], exists: Callable[[str], bool]) -> Dict[str, str]:
    """The links to create, path -> path, both relative to the root.

    `wanted` maps a link to its target, each an absolute path or the name of a program in
    `/usr/bin`. It takes precedence over the table and over what a package ships. The table adds
    links that no package ships. `exists` says whether a path is in the packages. Raises LadingError
    for a target that is not.
    """
    links: Dict[str, str] = {}
    for link, target in wanted.items():
        path = _path(target)
        if not exists(path):
            raise LadingError(
                f"`alternatives` maps {link!r} to {target!r}, but no package has /{path}. Add "
                "the package that has it to `debian_packages`, or name another program."
            )
        links[_path(link)] = path
    for link, candidates in ALTERNATIVES.items():
        if link in links or exists(link):
            continue
        for candidate in candidates:
            if exists(candidate):
                links[link] = candidate
                break
    return links


def _path(name: str) -> str:
    if "/" not in name and name not in ("", "."):
        return f"usr/bin/{name}"
    parts = name.strip("/").split("/")
    if not name.startswith("/") or not {"", ".", ".."}.isdisjoint(parts):
        raise LadingError(
            f"`alternatives` has {name!r}. Write the name of a program, such as 'cc', or an "
            "absolute path, such as '/usr/bin/cc'."
        )
    return "/".join(parts)
