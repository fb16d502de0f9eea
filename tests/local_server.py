"""Servers on loopback that are programs of their own."""

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def local_server(command: List[str], port: int, log: Path) -> Iterator[None]:
    """The command, from when it listens on `port` until the block ends. What it prints is in `log`,
    which the AssertionError has if it does not come so far."""
    with open(log, "wb") as output:
        # Not in the tests' group, so that Ctrl-C does not end it before them.
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
