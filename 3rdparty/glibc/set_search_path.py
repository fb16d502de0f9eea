"""Make a dynamic loader look for libraries in one directory only.

    python3 set_search_path.py LOADER DIRECTORY/

glibc compiles its default directories into the loader, as strings one behind the other and an
array of their lengths (elf/dl-load.c, `system_dirs` and `system_dirs_len`). Both are written
anew in place. Four directories there must be, each starting with a slash; "/" stands for the
ones that are not wanted. The path of the cache, which names libraries of whatever system the
program finds itself on, is replaced by one that does not exist.
"""

import struct
import sys

MULTIARCH = {"ld-linux-x86-64.so.2": "x86_64-linux-gnu", "ld-linux-aarch64.so.1": "aarch64-linux-gnu"}
CACHE, NO_CACHE = b"/etc/ld.so.cache\0", b"/store/.no-cache\0"


def strings(directories):
    return b"".join(directory.encode() + b"\0" for directory in directories)


def lengths(directories):
    return struct.pack("<4Q", *(len(directory) for directory in directories))


def replace(data, old, new):
    if old not in data:
        sys.exit(f"the loader does not contain {old!r}: its layout has changed")
    return data.replace(old, new.ljust(len(old), b"\0"))


def main(loader, directory):
    multiarch = MULTIARCH[loader.rpartition("/")[2]]
    old = [f"/lib/{multiarch}/", f"/usr/lib/{multiarch}/", "/lib/", "/usr/lib/"]
    new = [directory, "/", "/", "/"]
    if len(strings(new)) > len(strings(old)):
        sys.exit(f"{directory} is too long: {len(strings(old))} bytes are all there is")
    with open(loader, "rb") as file:
        data = file.read()
    data = replace(data, lengths(old), lengths(new))
    data = replace(data, strings(old), strings(new))
    data = replace(data, CACHE, NO_CACHE)
    with open(loader, "wb") as file:
        file.write(data)


main(*sys.argv[1:])
