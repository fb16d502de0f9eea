"""Symlinks in a tree that is not the machine's own."""

from typing import Callable, List, Optional

#: As many as the kernel follows (path_resolution(7)).
MAX_LINKS = 40

# Names on the way, which a target may have thousands of.
_MAX_STEPS = 1000


def follow(path: str, target_of: Callable[[str], Optional[str]]) -> Optional[str]:
    """`path` with the links among its parents followed, but not a last one; None if that does not
    end, or is made not to. With `/.` behind it, a last one as well.

    Paths have no slash in front; `..` leads to the parent, and not out of the root. `target_of`
    gives the target of what is a link at a path without links among its parents, else None.
    Parents that are not there count as directories.
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
