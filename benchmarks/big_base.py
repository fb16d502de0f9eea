"""Measures what an image on a base of 1 GB costs: time, memory, bytes on disk.

    python3 benchmarks/big_base.py [MEGABYTES]

Needs docker-registry, and 10 times as much disk as the base has, in a temporary directory. The
base's bytes are random, so that nothing gets them smaller; it has two layers.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parent.parent

sys.path.insert(0, str(ROOT / "tests"))

from base_image_costs import disk_usage, watched  # noqa: E402
from base_image_registry import BaseImages  # noqa: E402
from base_images import Layer, Layout, Member, layer, tar  # noqa: E402
from docker_registry import docker_registry  # noqa: E402
from repository import Repository, copy_work_tree, with_own_caches  # noqa: E402

_MEGABYTE = 1_000_000

_BUILD = """
docker_image(name="without-base", files={"/own": "own"})
docker_image(name="on-big", base=":big", files={"/own": "own"})
"""

_HEAD = """
| run | seconds | memory: program | memory: pantsd | disk: sandboxes | store | caches | dist |
|---|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory(prefix="lading-big-base-") as temporary:
        directory = Path(temporary)
        copy_work_tree(ROOT, directory / "root")
        repository = Repository(directory / "root", with_own_caches(os.environ, directory))
        with docker_registry(directory / "registry") as host:
            images = BaseImages(
                Layout(directory / "layout"), directory / "registry", host, _no_skopeo
            )
            images.store("big", images.layout.image(_layers(megabytes)))
            shutil.rmtree(directory / "layout")
            try:
                with repository.declared("bench", images.target("big") + _BUILD):
                    _measure(repository, directory)
            finally:
                repository.stop_pantsd()


def _layers(megabytes: int) -> List[Layer]:
    files = [Member(str(number), _random(number)) for number in range(megabytes)]
    half = megabytes // 2
    return [layer(tar(*part), "gzip") for part in (files[:half], files[half:])]


def _random(seed: int) -> bytes:
    return random.Random(seed).getrandbits(8 * _MEGABYTE).to_bytes(_MEGABYTE, "big")


def _no_skopeo(*arguments: str) -> str:
    raise AssertionError("nothing is pushed")


def _measure(repository: Repository, directory: Path) -> None:
    """Print a row a run."""
    print(_HEAD)
    _row("no base", repository, directory, "bench:without-base")
    _row("pull and package", repository, directory)
    _row("nothing changed", repository, directory)
    with repository.edited(
        "bench/BUILD", 'base=":big", files={"/own": "own"}', 'base=":big", files={"/own": "other"}'
    ):
        _row("a file changed", repository, directory)


def _row(name: str, repository: Repository, directory: Path, image: str = "bench:on-big") -> None:
    """Of places, what they have more than before; of memory, the peak."""
    places = {
        name: Path(repository.environ[f"PANTS_{name}"])
        for name in ("LOCAL_STORE_DIR", "NAMED_CACHES_DIR")
    }
    places["dist"] = repository.root / "dist"
    before = {name: disk_usage(path) for name, path in places.items()}
    start = time.monotonic()
    with watched(repository, directory / "sandboxes") as costs:
        repository.pants("package", image)
    seconds = time.monotonic() - start
    grown = [disk_usage(path) - before[name] for name, path in places.items()]
    sizes = [costs.memory, costs.daemon, costs.disk, *grown]
    print(
        f"| {name} | {seconds:.1f} | " + " | ".join(f"{size / 1e6:.0f} MB" for size in sizes) + " |"
    )


if __name__ == "__main__":
    main()
