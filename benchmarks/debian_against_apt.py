"""Resolves random lists of Debian packages with Lading and with apt, and compares the answers.

    PYTHONPATH=src python benchmarks/debian_against_apt.py bookworm 1000 [SEED [ROOT]] > answers

reads the indexes of a release with its updates and security updates, from the mirrors of this
machine's apt. A list has up to six roots, drawn so that there is something to decide: a package
and one of its alternatives, two that provide the same, two that conflict, or any. Needs apt-get,
pysequoia and requests. apt sees an empty system and the fields that decide, no others: with
descriptions and Recommends each of its answers would take twice as long. With ROOT, which
`mmdebstrap --variant=apt trixie ROOT` makes, it is the apt of that release; needs bubblewrap.

Each line has the roots, both answers and, where these differ, whether apt accepts Lading's when it
is asked for all of it by name. The last line, on stderr, counts:

  same          the same packages in the same versions
  both refuse
  apt refuses   Lading has an answer. apt takes back no choice that it has made for a dependency
                once that was met, so that a conflict found later is final.
  differ        Both have an answer, and not the same one. Where several packages provide a name
                and are equally important, apt takes the one that comes first in its own tables,
                and Lading the first by name. apt also treats the roots in the order of these
                tables, so that another root's choice may meet an alternative already.
  lading refuses    never seen
"""

import json
import random
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

from lading.debian.lock.apt_testing import Apt
from lading.debian.lock.archive import Archive
from lading.debian.lock.archive_packages import ArchivePackages
from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.closure import UnmetError, choice
from lading.debian.lock.package_index import IndexFile, PackageIndex
from lading.runtime.machine import Machine

_FIELDS = (
    rb"Package|Version|Architecture|Multi-Arch|Essential|Important|Priority|Filename|Size|SHA256|"
    rb"Depends|Pre-Depends|Provides|Conflicts|Breaks"
)
_DECIDING = re.compile(rb"^(?:%s):.*(?:\n[ \t].*)*\n|^\n" % _FIELDS, re.MULTILINE)

#: Processes of apt, which take most of the time.
_AT_ONCE = 4

_Answer = Optional[Dict[str, str]]


def index_files(release: str) -> Iterator[IndexFile]:
    archive = Archive(Machine({}))
    for suite in (release, f"{release}-updates", f"{release}-security"):
        found = archive.release(suite)
        for content in archive.packages(found, "main", "amd64"):
            yield IndexFile(b"".join(_DECIDING.findall(content)), suite, found.priority)


class Draws:
    """Lists of roots that leave something to decide."""

    def __init__(self, index: PackageIndex, source: random.Random) -> None:
        self._index, self._source = index, source
        self._all = [versions[0] for versions in map(index.named, sorted(index.names()))]
        self._choosing = [p for p in self._all if any(len(group) > 1 for group in p.depends)]
        self._conflicting = [p for p in self._all if p.conflicts]
        provided = sorted({q.name for p in self._all for q in p.provides})
        many = (sorted(index.provider_names(name)) for name in provided)
        self._providers = [names for names in many if len(names) > 1]

    def roots(self) -> List[str]:
        drawing: Sequence[Callable[[], List[str]]] = (
            self._alternatives,
            self._conflict,
            self._same_name,
            self._any,
        )
        names: List[str] = []
        for _ in range(self._source.randint(1, 3)):
            names += self._source.choice(drawing)()
        return sorted({name for name in names if self._index.named(name)})

    def _alternatives(self) -> List[str]:
        package = self._source.choice(self._choosing)
        group = self._source.choice([group for group in package.depends if len(group) > 1])
        return [package.name, self._source.choice(group).name]

    def _conflict(self) -> List[str]:
        package = self._source.choice(self._conflicting)
        name = self._source.choice(package.conflicts).name
        others = [name, *sorted(self._index.provider_names(name))]
        return [package.name, self._source.choice(others)]

    def _same_name(self) -> List[str]:
        names = self._source.choice(self._providers)
        return self._source.sample(names, self._source.randint(1, 2))

    def _any(self) -> List[str]:
        return [self._source.choice(self._all).name]


def versions(packages: Sequence[BinaryPackage]) -> Dict[str, str]:
    return {package.name: package.version for package in packages}


def compared(ours: _Answer, theirs: _Answer) -> str:
    if ours == theirs:
        return "both refuse" if ours is None else "same"
    if theirs is None:
        return "apt refuses"
    return "lading refuses" if ours is None else "differ"


def answer(index: PackageIndex, apt: Apt, roots: Sequence[str]) -> Dict[str, Any]:
    fault, ours = "", None
    try:
        ours = versions(choice(ArchivePackages("amd64", index), roots))
    except UnmetError as error:
        fault = str(error)
    theirs = apt.install(roots)
    line = {"kind": compared(ours, theirs), "roots": roots, "ours": ours, "apt": theirs}
    if ours and ours != theirs:
        line["accepted"] = apt.install(sorted(ours)) == ours
    return {**line, "fault": fault}


def main(release: str, number: str, seed: str = "1", root: str = "/") -> None:
    files = list(index_files(release))
    index = PackageIndex(files)
    draws = Draws(index, random.Random(int(seed)))
    lists = [draws.roots() for _ in range(int(number))]
    counts: "Counter[str]" = Counter()
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(_AT_ONCE) as pool:
        inside = (
            "bwrap",
            "--dev-bind",
            root,
            "/",
            "--proc",
            "/proc",
            "--bind",
            directory,
            directory,
        )
        apt = Apt(Path(directory), inside=inside).update(files)
        for line in pool.map(lambda roots: answer(index, apt, roots), lists):
            counts[line["kind"]] += 1
            counts["accepted by apt when asked for by name"] += line.get("accepted", False)
            print(json.dumps(line), flush=True)
    print(release, dict(counts), file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
