"""Writes docs/sizes.md: how big the example images are, and of what.

    python3 benchmarks/sizes.py

Builds every image in images/ and reads the descriptions beside the archives. All figures follow
from the sources alone, so that the table only changes when an image does.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator

ROOT = Path(__file__).resolve().parent.parent

_HEAD = """# Sizes

`python3 benchmarks/sizes.py` writes this page. *Compressed* is what a registry stores and a machine
pulls, the sum of the layers; *unpacked* is the sum of the files of the closure, the store packages.
MB are 10^6 bytes.

| image | compressed | unpacked | packages |
|---|---:|---:|---|
"""

_FOOT = """
For comparison, the article "Cheap Docker images with Nix" (2016) has 42 MB unpacked for redis with
its entrypoint, 25 MB without one, and 177 MB for the image of the hub.
"""


def main() -> None:
    subprocess.run(["./pants", "package", "images::"], cwd=ROOT, check=True)
    rows = "".join(_rows(ROOT / "dist" / "images"))
    (ROOT / "docs" / "sizes.md").write_text(_HEAD + rows + _FOOT, encoding="utf-8")


def _rows(directory: Path) -> Iterator[str]:
    for file in sorted(directory.glob("*.json")):
        image: Dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        compressed = sum(layer["size"] for layer in image["layers"])
        unpacked = sum(package["size"] for package in image["closure"])
        names = sorted(package["name"] for package in image["closure"])
        if image.get("debian"):
            names.append(f"{len(image['debian'])} Debian packages at their usual paths")
        yield (
            f"| `//images:{file.stem}` | {compressed / 1e6:.2f} MB | {unpacked / 1e6:.1f} MB "
            f"| {', '.join(names)} |\n"
        )


if __name__ == "__main__":
    main()
