"""Make a dynamic loader look nowhere outside the store by default.

    python3 set_search_path.py LOADER

glibc compiles its default directories into the loader, as strings one behind the other
(elf/dl-load.c, `system_dirs`), and the path of a cache that names the libraries of whatever
system the program finds itself on. All are replaced by paths of the same length at which nothing
is; the lengths are constants of the code. What is found is what run paths say.
"""

import sys

MULTIARCH = {
    "ld-linux-x86-64.so.2": "x86_64-linux-gnu",
    "ld-linux-aarch64.so.1": "aarch64-linux-gnu",
}


def nowhere(path):
    """A path of the same length below the store, or at least of a name that nobody uses."""
    start = "/store/." if len(path) > 10 else "/."
    end = path[-1] if path.endswith("/") else ""
    return start + "-" * (len(path) - len(start) - len(end)) + end


def replace(data, strings):
    old = b"".join(string.encode() + b"\0" for string in strings)
    new = b"".join(nowhere(string).encode() + b"\0" for string in strings)
    if old not in data:
        sys.exit(f"the loader does not contain {old!r}: its layout has changed")
    return data.replace(old, new)


def main(loader):
    multiarch = MULTIARCH[loader.rpartition("/")[2]]
    with open(loader, "rb") as file:
        data = file.read()
    data = replace(data, [f"/lib/{multiarch}/", f"/usr/lib/{multiarch}/", "/lib/", "/usr/lib/"])
    data = replace(data, ["/etc/ld.so.cache"])
    with open(loader, "wb") as file:
        file.write(data)


main(*sys.argv[1:])
