"""Program: fetch the pinned files of a request, all or none.

    fetch_main <request.json> <output directory>

The request is that of `lading.fetch.pinned_file`. The output directory must not exist yet or be
empty; afterwards it has each file under its name, or is untouched if the program fails.
"""

import os
import tempfile
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import List, Sequence

from lading.fetch.client import Client
from lading.fetch.download import download
from lading.fetch.download_cache import DownloadCache
from lading.fetch.pinned_file import PinnedFile, request_from_json
from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.runtime.machine import Machine
from lading.runtime.program import run

_PARALLEL = 8


def main(argv: List[str]) -> None:
    request_path, output_directory = argv
    files = request_from_json(Path(request_path).read_text(encoding="utf-8"))
    machine = Machine.load()
    use_environment(machine)
    output = os.path.abspath(output_directory)
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as scratch:
        cache = DownloadCache.of_this_machine(otherwise=scratch)
        staged = os.path.join(scratch, "files")
        os.mkdir(staged, 0o755)
        fetch(files, machine, cache, staged)
        os.replace(staged, output)


def fetch(
    files: Sequence[PinnedFile], machine: Machine, cache: DownloadCache, directory: str
) -> None:
    """Write `files` below the empty `directory`. The error is that of the first file that fails, in
    the order of `files`, among those that were tried; files that have not been started are then
    skipped.
    """
    clients = threading.local()

    def fetch_one(file: PinnedFile) -> None:
        if not hasattr(clients, "client"):
            clients.client = Client(report)
        target = os.path.join(directory, file.name)
        cache.provide(
            file.sha256,
            target,
            lambda part: download(part, file, machine, clients.client, report),
        )
        os.chmod(target, 0o755 if file.executable else 0o644)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        futures = [pool.submit(fetch_one, file) for file in files]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            future.cancel()
    for future in futures:
        if not future.cancelled():
            future.result()


if __name__ == "__main__":
    run(main)
