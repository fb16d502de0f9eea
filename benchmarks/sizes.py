"""Writes docs/sizes.md: how big the example images are, and of what.

    python3 benchmarks/sizes.py

Builds every image in images/ and reads the descriptions beside the archives. All figures follow
from the sources alone, so that the table only changes when an image does.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

ROOT = Path(__file__).resolve().parent.parent

_HEAD = """# Sizes

`python3 benchmarks/sizes.py` writes this page. *Compressed* is the size of the layers, which a
registry stores and a machine pulls. *Store, unpacked* is the size of all files of the image's store
packages. MB are 10^6 bytes.

| image | compressed | store, unpacked | packages |
|---|---:|---:|---|
"""

_OFFICIAL_HEAD = """
These are the official images of the same software, with the month of each image and its compressed
size for linux/amd64 as published by docker-library/repo-info. They have more in them: a package
manager, more modules, scripts that set up databases, and for postgres a compiler of queries. Our
images have Debian 12's versions, so redis, nginx and node are older.

| official image | month | compressed | ours | compressed |
|---|---|---:|---|---:|
"""

# Month and compressed bytes; repos/<repository>/remote/<tag>.md there.
_OFFICIAL = {
    "redis:7.2.16-bookworm": ("September 2026", 43_193_533, "//images:redis"),
    "nginx:1.30.5-trixie": ("September 2026", 66_084_611, "//images/debian:nginx"),
    "memcached:1.6.45-trixie": ("August 2026", 32_216_756, "//images/debian:memcached"),
    "postgres:15-bookworm": ("September 2026", 153_029_728, "//images/debian:postgres"),
    "python:3.11-slim-bookworm": ("August 2026", 47_790_358, "//images/debian:python"),
    "node:22-bookworm-slim": ("September 2026", 79_893_445, "//images/debian:node"),
}

_FOOT = """
For comparison, in the article "Cheap Docker images with Nix" (2016) redis has 42 MB unpacked with
its entrypoint, 25 MB without, and Docker Hub's image 177 MB.
"""


def main() -> None:
    subprocess.run(["./pants", "package", "images::"], cwd=ROOT, check=True)
    images = dict(_images())
    rows = "".join(_row(address, image) for address, image in images.items())
    official = "".join(
        f"| `{name}` | {month} | {size / 1e6:.1f} MB "
        f"| `{ours}` | {_compressed(images[ours]) / 1e6:.1f} MB |\n"
        for name, (month, size, ours) in _OFFICIAL.items()
    )
    page = _HEAD + rows + _OFFICIAL_HEAD + official + _FOOT
    (ROOT / "docs" / "sizes.md").write_text(page, encoding="utf-8")


def _images() -> Iterator[Tuple[str, Any]]:
    """Descriptions by address."""
    for directory in ("images", "images/debian", "images/services"):
        dist = ROOT / "dist" / directory.replace("/", ".")
        for file in sorted(dist.glob("*.json")):
            yield f"//{directory}:{file.stem}", json.loads(file.read_text(encoding="utf-8"))


def _row(address: str, image: Dict[str, Any]) -> str:
    unpacked = sum(package["size"] for package in image["closure"])
    store = f"{unpacked / 1e6:.1f} MB" if unpacked else ""
    names = sorted(package["name"] for package in image["closure"])
    if image.get("debian"):
        names.append(f"{len(image['debian'])} Debian packages at their usual paths")
    return f"| `{address}` | {_compressed(image) / 1e6:.2f} MB | {store} | {', '.join(names)} |\n"


def _compressed(image: Dict[str, Any]) -> int:
    return sum(layer["size"] for layer in image["layers"])


if __name__ == "__main__":
    main()
