"""The processes of builds, as /proc shows them."""

import os
from pathlib import Path
from typing import Dict, Iterator, List


def working_below(directory: Path) -> Dict[int, str]:
    """By process, the first part of the name that its working directory has below `directory`.

    Programs in Pants' sandboxes stay there, whoever their parent is; what bubblewrap has started
    is elsewhere, and dies with it.
    """
    found = {}
    for pid in _processes():
        try:
            place = Path(os.readlink(f"/proc/{pid}/cwd"))
        except OSError:  # it has ended
            continue
        if directory in place.parents:
            found[pid] = place.relative_to(directory).parts[0]
    return found


def descendants(pid: int) -> List[int]:
    """Processes that run below that one; it is not among them."""
    children: Dict[int, List[int]] = {}
    for process in _processes():
        try:
            # proc(5): state and parent follow the name, in which anything may be.
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if stat[0] != "Z":
            children.setdefault(int(stat[1]), []).append(process)
    found = list(children.get(pid, ()))
    for process in found:  # which grows
        found += children.get(process, ())
    return found


def command(pid: int) -> bytes:
    """Its arguments, each with a zero behind it, or what it shows instead; b"" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())
