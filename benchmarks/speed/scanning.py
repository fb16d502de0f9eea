"""7. Scanning 1 GB for 300 references."""

import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from lading.values.nix32 import encode
from speed.bench import Bench
from speed.contest import Contestant, compete
from speed.program import run_python
from speed.section import Claim, Section
from speed.segments import make_trees
from speed.workspace import output

_MEGABYTES, _HASHES, _HIDDEN = 1000, 300, 30

_ABOUT = f"""\
One core searches 1 GB of programs, libraries and data for {_HASHES} hashes of 32 characters,
{_HIDDEN} of which occur. Lading also looks into compressed files. *grep -F* is GNU grep with all
the hashes in a file."""

_SCAN = """
import sys
from pathlib import Path
from lading.store.references import scan_tree
hashes = Path("hashes").read_text().split()
print(*sorted(scan_tree(Path(sys.argv[1]), hashes)))
"""


def run(bench: Bench) -> Section:
    scratch = bench.workspace.scratch("scanning")
    (tree,) = make_trees(scratch / "trees", 1, _MEGABYTES * 1_000_000)
    hashes = [encode(hashlib.sha1(b"%d" % number).digest()) for number in range(_HASHES)]
    hidden = sorted(hashes[:_HIDDEN])
    _hide(hidden, tree)
    (scratch / "hashes").write_text("".join(f"{hash_}\n" for hash_ in hashes))
    with _one_core():
        timings = compete(
            [
                Contestant("Lading", lambda: _scan(scratch, tree, hidden)),
                Contestant("grep -F", lambda: _grep(scratch, tree, hidden)),
            ],
            bench.repeats,
        )
    size = sum(path.stat().st_size for path in tree.iterdir())
    speed = size / 1e6 / timings[0].median
    return Section(_ABOUT, timings, [Claim("speed of the scan", speed, 400, "MB/s", True)])


def _hide(hashes: "list[str]", tree: Path) -> None:
    files = sorted(path for path in tree.iterdir() if path.stat().st_size > 100_000)
    for number, hash_ in enumerate(hashes):
        with files[number].open("r+b") as file:
            file.seek(50_000 + number)
            file.write(hash_.encode("ascii"))


def _scan(scratch: Path, tree: Path, hidden: "list[str]") -> None:
    assert run_python(scratch, "-c", _SCAN, str(tree)).split() == hidden


def _grep(scratch: Path, tree: Path, hidden: "list[str]") -> None:
    found = output("grep", "-raohFf", str(scratch / "hashes"), str(tree), environ={"LC_ALL": "C"})
    assert sorted(set(found.split())) == hidden


@contextmanager
def _one_core() -> Iterator[None]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
