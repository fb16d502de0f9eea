"""A file's type and mode in Go's notation (io/fs, FileMode.String)."""


from lading.files.kind import Kind

#: The users that `isExecutableBy` can name.
EXECUTABLE_BY = ("owner", "group", "other", "any")

_TYPES = {
    Kind.DIRECTORY: "d",
    Kind.SYMLINK: "L",
    Kind.PIPE: "p",
    Kind.BLOCK_DEVICE: "D",
    Kind.CHARACTER_DEVICE: "Dc",
}
_EXECUTABLE_BITS = dict(zip(EXECUTABLE_BY, (0o100, 0o010, 0o001, 0o111)))


def show(type: Kind, mode: int) -> str:
    """For example `-rwxr-xr-x`, `dtrwxrwxrwx` or, unlike in `ls`, `urwxr-xr-x`."""
    special = "".join(
        letter for letter, bit in (("u", 0o4000), ("g", 0o2000), ("t", 0o1000)) if mode & bit
    )
    bits = "".join(
        letter if mode & 1 << 8 - place else "-" for place, letter in enumerate("rwxrwxrwx")
    )
    return (_TYPES.get(type, "") + special or "-") + bits


def is_executable(mode: int, by: str) -> bool:
    return bool(mode & _EXECUTABLE_BITS[by])
