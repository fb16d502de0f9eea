"""Publishes the images of this repository after each of twenty changes, and counts what is sent.

    python3 benchmarks/changes/publish.py

writes a table of docs/benchmarks.md. Each way to divide store packages into layers has a copy of
the repository and a docker-registry of its own; all have Pants' usual caches. Everything that the
changes touch is built, once.
"""

import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from series import CHANGES, Change

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from speed import ROOT, page

from counting_proxy import CountingProxy  # isort: skip
from docker_registry import docker_registry  # isort: skip
from repository import Repository, copy_work_tree  # isort: skip

_DEFAULTS = "pants-plugins/lading_pants/image/fields/image_layering.py"

#: By name in the table, what the plugin's copy has instead of its defaults.
_WAYS: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "single": (("default = PER_PACKAGE", "default = SINGLE"),),
    "at most 5": (("default = 40", "default = 5"),),
    "at most 10": (("default = 40", "default = 10"),),
    "at most 40": (),
}
_TARGETS = "images::"


@dataclass(frozen=True)
class Publisher:
    """A copy of the repository, whose images go through `proxy` to a registry."""

    repository: Repository
    proxy: CountingProxy
    registry: str

    def publish(self) -> int:
        """Bytes that were sent, headers and manifests included."""
        before = self.proxy.sent
        registries = f"--lading-default-registries=['{self.registry}']"
        self.repository.pants(registries, "publish", _TARGETS)
        return self.proxy.sent - before

    def change(self, change: Change) -> None:
        _replace(self.repository.root / change.file, change.old, change.new)


@contextmanager
def _publisher(directory: Path, way: str) -> Iterator[Publisher]:
    directory.mkdir()
    copy_work_tree(ROOT, directory / "root")
    for old, new in _WAYS[way]:
        _replace(directory / "root" / _DEFAULTS, old, new)
    repository = Repository(directory / "root", dict(os.environ))
    with docker_registry(directory / "registry") as host:
        proxy = CountingProxy(host)
        with proxy.serving() as address:
            try:
                yield Publisher(repository, proxy, address)
            finally:
                repository.stop_pantsd()


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} has not one {old!r}"
    path.write_text(text.replace(old, new))


def _sent(way: str) -> List[int]:
    """At first, and after each of the changes."""
    with tempfile.TemporaryDirectory(prefix="lading-changes-") as temporary, _publisher(
        Path(temporary) / "copy", way
    ) as publisher:
        sent = [publisher.publish()]
        for change in CHANGES:
            publisher.change(change)
            sent.append(publisher.publish())
            print(f"{way}: {change.name}: {sent[-1]}", file=sys.stderr, flush=True)
        return sent


def _table(sent: Dict[str, List[int]]) -> Iterator[str]:
    yield f"| MB sent | {' | '.join(_WAYS)} |"
    yield "|---|" + "---:|" * len(_WAYS)
    names = ["at first", *(change.name for change in CHANGES)]
    for number, name in enumerate(names):
        yield _row(name, [sent[way][number] for way in _WAYS])
    yield _row("**the twenty changes**", [sum(sent[way][1:]) for way in _WAYS])


def _row(name: str, figures: List[int]) -> str:
    return f"| {name} | {' | '.join(f'{figure / 1e6:.2f}' for figure in figures)} |"


def main() -> None:
    sent = {way: _sent(way) for way in _WAYS}
    page.write("twenty changes", _table(sent))


if __name__ == "__main__":
    main()
