"""Compares ways to divide closures into layers, by the bytes that twenty changes cost.

    python3 benchmarks/layering/compare.py

rewrites the table of docs/layers.md. Nothing is built: 25 images are made of the dependencies
and sizes of 623 Debian packages (closures.py), and then changed.
"""

import re
import sys
from pathlib import Path
from typing import Callable, Dict, FrozenSet, Iterator, List, Sequence, Tuple

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "layers.md"

sys.path.insert(0, str(ROOT / "src"))

from algorithms import ALGORITHMS, Algorithm  # noqa: E402
from world import World  # noqa: E402

Change = Tuple[str, Callable[[World], None]]

_COUNTS = (5, 10, 20, 40, 80)
_WITHOUT_LIMIT = 10_000

#: As in half a year of a company, in no order: ten releases of programs, one entrypoint, two of
#: what programs share, five security updates of Debian, two programs that need other things.
CHANGES: Sequence[Change] = (
    ("api 1", lambda world: world.release("api-program")),
    ("an entrypoint", lambda world: world.release("api-entrypoint")),
    ("orders 1", lambda world: world.release("orders-program")),
    ("model 1", lambda world: world.release("model-program")),
    ("frontend 1", lambda world: world.release("frontend-program")),
    ("the platform's library", lambda world: world.release("platform-lib")),
    ("openssl", lambda world: world.release_source("openssl")),
    ("media 1", lambda world: world.release("media-program")),
    ("notebook 1", lambda world: world.release("notebook-program")),
    ("expat", lambda world: world.release_source("expat")),
    ("shop 1", lambda world: world.release("shop-program")),
    ("billing makes pictures", lambda world: _need(world, "billing-program", "imagemagick")),
    ("python3.11", lambda world: world.release_source("python3.11")),
    ("maps 1", lambda world: world.release("maps-program")),
    ("thumbnails without imagemagick", lambda world: _replace(world)),
    ("openjdk-17", lambda world: world.release_source("openjdk-17")),
    ("worker 1", lambda world: world.release("worker-program")),
    ("the platform's data", lambda world: world.release("platform-data")),
    ("orders 2", lambda world: world.release("orders-program")),
    ("libxml2", lambda world: world.release_source("libxml2")),
)
_RELEASES = frozenset(name for name, _ in CHANGES if name[-1] in "12" and " " in name)


def _need(world: World, name: str, other: str) -> None:
    world.refer(name, {*world.packages[name].references, other})


def _replace(world: World) -> None:
    world.refer("thumbnails-program", {"libwebp7", "libjpeg62-turbo"})


class Costs:
    """Bytes that an algorithm costs: pushed for the `first` time and, for each change, `pushed` to
    a registry that has all before, and `pulled` by machines that run one image each."""

    def __init__(self, algorithm: Algorithm, count: int) -> None:
        self._world = World.of_services()
        self._algorithm, self._count = algorithm, count
        layers = self._layers()
        self._registry = {blob for blobs in layers.values() for blob in blobs}
        self.first = sum(map(self._size, self._registry))
        self.pushed: Dict[str, int] = {}
        self.pulled: Dict[str, int] = {}
        for name, change in CHANGES:
            change(self._world)
            before, layers = layers, self._layers()
            blobs = {blob for of_image in layers.values() for blob in of_image}
            self.pushed[name] = sum(map(self._size, blobs - self._registry))
            self.pulled[name] = sum(
                sum(map(self._size, layers[image] - before[image])) for image in layers
            )
            self._registry |= blobs
        self.layers = sum(map(len, layers.values())) / len(layers)

    def _layers(self) -> Dict[str, FrozenSet[Tuple[Tuple[str, int], ...]]]:
        return {
            image: frozenset(
                self._world.blob(group)
                for group in self._algorithm(self._world, image, self._count)
            )
            for image in self._world.images
        }

    def _size(self, blob: Tuple[Tuple[str, int], ...]) -> int:
        return self._world.size(name for name, _ in blob)

    def row(self) -> List[str]:
        pushed = sum(self.pushed.values())
        releases = sum(self.pushed[name] for name in _RELEASES)
        pulled = sum(self.pulled.values())
        figures = (self.first, pushed, releases, pulled)
        return [*(f"{figure / 1e6:.0f}" for figure in figures), f"{self.layers:.0f}"]


def _table() -> Iterator[str]:
    yield "| layers | way | first push | 20 changes | of these 10 releases | pulled | layers used |"
    yield "|---:|---|---:|---:|---:|---:|---:|"
    single = Costs(ALGORITHMS["single"], 1).row()
    yield f"| 1 | single | {' | '.join(single)} |"
    for count in _COUNTS:
        for name, algorithm in ALGORITHMS.items():
            if name != "single":
                print(f"{name} with {count} layers", file=sys.stderr)
                yield f"| {count} | {name} | {' | '.join(Costs(algorithm, count).row())} |"
    each = Costs(ALGORITHMS["largest"], _WITHOUT_LIMIT).row()
    yield f"| any | a package each | {' | '.join(each)} |"


def main() -> None:
    table = "\n".join(_table())
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(?<=<!-- compare.py -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)
    assert marked.search(page), f"{PAGE} does not say where the table goes"
    PAGE.write_text(marked.sub(lambda _: table, page), encoding="utf-8")


if __name__ == "__main__":
    main()
