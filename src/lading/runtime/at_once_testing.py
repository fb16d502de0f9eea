"""Processes that do the same thing at the same time."""

import multiprocessing
from typing import Callable, Iterable, Tuple

FORK = multiprocessing.get_context("fork")


def run_at_once(function: Callable[..., object], arguments: Iterable[Tuple[object, ...]]) -> None:
    """Call the function in one process for each of the arguments, and check that all succeed."""
    processes = [FORK.Process(target=function, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)
