"""Find the Debian packages in an image: `base_packages_main TREE ARCHITECTURE OUTPUT`.

TREE is the JSON of its `ImageTree`, OUTPUT that of versions by name; see `base_packages`.
"""

import json
from pathlib import Path
from typing import List

from lading.debian.base_packages import base_packages
from lading.image.root.image_tree import ImageTree
from lading.runtime.program import run


def main(argv: List[str]) -> None:
    tree_file, architecture, output = argv
    tree = ImageTree.from_json(Path(tree_file).read_text(encoding="utf-8"))
    packages = base_packages(tree.dpkg_status, architecture)
    Path(output).write_text(json.dumps(packages, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    run(main)
