"""Compares images of 300 popular packages with what mmdebstrap installs of them.

    python3 benchmarks/installed_packages.py [--suites bookworm,trixie] [--sets tools,servers]
        [--directory DIRECTORY] [--all]

Prints how many paths are equal, reported and listed, and each path that is none of them; with
`--all` every path that differs. Needs root, mmdebstrap, and 15 GB in DIRECTORY for a suite, where
roots stay for the next time. `tests/installed_listed.py` is the list.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from installed.packages import SETS  # noqa: E402
from installed_debian import differences, image_of, install, installed_nodes  # noqa: E402
from installed_listed import sorted_out  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--suites", default="bookworm,trixie")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lading-installed-") as temporary:
        directory = options.directory or Path(temporary)
        print("| suite | set | packages | paths | equal | reported | listed | neither |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        for suite in options.suites.split(","):
            for name in options.sets.split(","):
                _compare(suite, name, directory, options.all)


def _compare(suite: str, name: str, directory: Path, shows_all: bool) -> None:
    root = directory / f"{suite}-{name}"
    done = directory / f"{suite}-{name}.done"
    if not done.exists():
        install(suite, SETS[name], root)
        done.touch()
    theirs = installed_nodes(root)
    image = image_of(root, suite, directory / "packages")
    found = differences(image.nodes, theirs)
    reasons = sorted_out(image, found)
    paths = len(theirs.keys() | image.nodes.keys())
    reported, neither = len(reasons.get("reported", ())), reasons.get("", [])
    listed = len(found) - reported - len(neither)
    equal = paths - len(found)
    row = (suite, name, len(image.report), paths, equal, reported, listed, len(neither))
    print("| " + " | ".join(map(str, row)) + " |", flush=True)
    shown = reasons if shows_all else {"": neither}
    for reason, some in shown.items():
        for path in some:
            print(f"    {path}: {', '.join(found[path])} {reason and f'({reason})'}", flush=True)


if __name__ == "__main__":
    main()
