"""Check that an image has the libraries that native code in wheels needs:

    needs_main REQUEST OUTPUT

REQUEST is the JSON of `NeedsRequest`. OUTPUT is an empty file, written if the check succeeds.
"""

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Set, Tuple

from lading.files.entry import Members
from lading.image.root.image_tree import ImageTree
from lading.python.native import NativeNeeds, check_needs
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class NeedsRequest:
    """Paths are below the sandbox. `needs` and `wheels` are the two lists that `wheel_main` writes
    for each wheel, `interpreter` is one from the store, `tree` is the JSON of the `ImageTree`, or
    "". Libraries in that tree are searched in `directories`.

    `remedy` is a sentence that says what to do about missing libraries.
    """

    needs: Tuple[str, ...]
    wheels: Tuple[str, ...]
    interpreter: Optional[InterpreterFiles]
    tree: str
    directories: Tuple[str, ...]
    remedy: str


def main(argv: List[str]) -> None:
    request_file, output = argv
    request = read_json(NeedsRequest, Path(request_file))
    needs = [need for path in request.needs for need in read_json(NativeNeeds, Path(path)).needs]
    offered = _of_wheels(request) | _of_interpreter(request) | _of_image(request)
    check_needs(needs, offered, request.remedy)
    Path(output).write_text("", encoding="ascii")


def _of_wheels(request: NeedsRequest) -> Set[str]:
    return {
        posixpath.basename(member.path)
        for path in request.wheels
        for member in read_json(Members, Path(path)).members
    }


def _of_interpreter(request: NeedsRequest) -> Set[str]:
    if request.interpreter is None:
        return set()
    return set(UnpackedInterpreter.of(request.interpreter).libraries)


def _of_image(request: NeedsRequest) -> Set[str]:
    if not request.tree:
        return set()
    tree = read_json(ImageTree, Path(request.tree))
    return {
        posixpath.basename(path)
        for path in tree.entries
        if posixpath.dirname(path) in request.directories
    }


if __name__ == "__main__":
    run(main)
