"""Runs the benchmarks and writes docs/benchmarks.md: the time of Lading beside that of others.

    python3 benchmarks/run.py [--only 1,3] [--repeats 5] [--caches DIRECTORY] [--print]

Compares with docker, podman, buildah, umoci (which needs skopeo) and, in benchmark 4, with skopeo
and docker-registry: where one of them is missing, its rows are, too. Without `bgd`, the program of
BuildGrid, benchmark 4 is left out. Either is reported. Needs 15 GB for temporary files;
benchmarks 6 to 8 need a Python that has `requests`.
"""

import argparse
import importlib
import signal
import sys
from pathlib import Path
from typing import Dict, List

from speed import machine, page
from speed.bench import Bench, LeftOut
from speed.workspace import new_workspace

_BENCHMARKS: Dict[int, str] = {
    1: "nothing_changed",
    2: "entrypoint_changed",
    3: "package_changed",
    4: "clean_machine",
    5: "many_images",
    6: "assembling",
    7: "scanning",
    8: "memory",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", type=_numbers, default=sorted(_BENCHMARKS), metavar="1,3")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--caches", type=Path, help="keep Pants' caches here for the next time")
    parser.add_argument("--print", action="store_true", help="write nothing into the page")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with new_workspace(arguments.caches) as workspace:
        bench = Bench(workspace, arguments.repeats)
        for number in arguments.only:
            name = _BENCHMARKS[number]
            print(f"{number}. {name}", file=sys.stderr)
            load = machine.load()
            try:
                section = importlib.import_module(f"speed.{name}").run(bench)
            except LeftOut as reason:
                print(f"    left out: {reason}", file=sys.stderr, flush=True)
                continue
            lines = list(section.lines(machine.description(load, bench.repeats)))
            print("\n".join(lines), flush=True)
            if not arguments.print:
                page.write(f"benchmark {number}", lines)
            workspace.discard()


def _numbers(text: str) -> List[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
