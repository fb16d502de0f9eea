"""What the report says of the machine that measures."""

import os
from pathlib import Path


def load() -> float:
    """Processes that ran or wanted to, on average of the last minute."""
    return os.getloadavg()[0]


def description(load_before: float, repeats: int) -> str:
    return (
        f"{len(os.sched_getaffinity(0))} cores ({_model()}), load {load_before:.1f} before and "
        f"{load():.1f} after; {repeats} rounds."
    )


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "of no known model"
