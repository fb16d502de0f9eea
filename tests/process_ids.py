"""Who a container's process is."""

from pathlib import Path
from typing import List

from conftest import ContainerEngine


def process_ids(engine: ContainerEngine, container: str, kind: str) -> List[int]:
    """The `Uid`, `Gid` or `Groups` of its first process, as the kernel has them (proc(5))."""
    pid = engine("inspect", "--format={{.State.Pid}}", container).strip()
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name == kind:
            return [int(number) for number in numbers.split()]
    raise KeyError(kind)
