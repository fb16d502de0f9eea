"""Symlinks in a tree other than the machine's own."""

from typing import Callable, List, Optional

#: The most links that the kernel follows (path_resolution(7)).
MAX_LINKS = 40

# The most names on the way; targets may have thousands.
_MAX_STEPS = 1000


def follow(path: str, target_of: Callable[[str], Optional[str]]) -> Optional[str]:
    """`path` with the links among its parents followed, but not a final one; None if there are too
    many links or names. With `/.` at the end, a final link is followed too.

    Paths have no leading slash; `..` leads to the parent, but not out of the root. `target_of`
    returns the target of the link at a path without links among its parents, None for anything
    else. Missing parents count as directories.
    """
    done: List[str] = []
    pending = path.split("/")[::-1]
    links = steps = 0
    while pending:
        name = pending.pop()
        steps += 1
        if steps > _MAX_STEPS:
            return None
        if name == "..":
            del done[-1:]
            continue
        if name in ("", "."):
            continue
        target = target_of("/".join([*done, name])) if pending else None
        if target is None:
            done.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        if target.startswith("/"):
            done.clear()
        pending.extend(target.split("/")[::-1])
    return "/".join(done)
