"""Find the numbers of the user that an image names: `user_main TREE USER OUTPUT`.

TREE is the JSON of the `ImageTree`, in which USER is looked up; OUTPUT is what the config has.
"""

from pathlib import Path
from typing import List

from lading.image.root.image_tree import ImageTree
from lading.image.root.process_user import resolve_user
from lading.runtime.program import run


def main(argv: List[str]) -> None:
    tree_file, user, output = argv
    tree = ImageTree.from_json(Path(tree_file).read_text(encoding="utf-8"))
    Path(output).write_text(resolve_user(user, tree.accounts), encoding="ascii")


if __name__ == "__main__":
    run(main)
