"""How much memory Python uses for a call, without mapped files."""

import tracemalloc
from typing import Callable


def peak_bytes(call: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
