"""Make the layer of an image: `layer_main REQUEST LIBDEFLATE OUTPUT DESCRIPTION`.

REQUEST is the JSON of `LayerRequest`, DESCRIPTION that of `Layer`; OUTPUT is the gzip blob.
"""

import json
import tarfile
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from lading.image.deflate import Deflate
from lading.image.layer_request import LayerRequest
from lading.image.layer_writer import head_segment, write_layer
from lading.image.root_tree import Content, RootEntry, parse_directories, plan_root_tree
from lading.image.user import User
from lading.program import run
from lading.store import members as kinds
from lading.store.members import members_from_json


def main(argv: List[str]) -> None:
    request_file, library, output, description = argv
    request = LayerRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    entries = _plan(request)
    copied = _read_copied_files(entries, request)
    if request.user:
        _check_user(request.user, entries, copied)
    partial = Path(output + ".partial")
    with partial.open("wb") as file, Deflate(library) as deflate:
        packages = [package.files for package in request.packages]
        head = head_segment(entries, copied)
        layer = write_layer(head, packages, deflate, file, request.created_by)
    text = json.dumps(layer.to_dict(), sort_keys=True, indent=2) + "\n"
    Path(description).write_text(text, encoding="utf-8")
    partial.replace(output)


def _plan(request: LayerRequest) -> Tuple[RootEntry, ...]:
    members = {package.path: package.members for package in request.packages}
    contents = [
        Content(path, members_from_json(Path(members[path]).read_text(encoding="utf-8")))
        for path in request.contents
    ]
    return plan_root_tree(contents, parse_directories(dict(request.directories)))


def _read_copied_files(entries: Sequence[RootEntry], request: LayerRequest) -> Dict[str, bytes]:
    """The bytes of the files that the root has copies of, by their path in the segments."""
    segments = {str(package.path).lstrip("/"): package.segment for package in request.packages}
    copied = {}
    for entry in entries:
        if entry.type == kinds.FILE:
            segment = segments["/".join(entry.source.split("/")[:2])]
            with tarfile.open(segment, "r:") as archive:
                content = archive.extractfile(entry.source)
                assert content is not None, "the root tree copies regular files only"
                copied[entry.source] = content.read()
    return copied


def _check_user(user: str, entries: Sequence[RootEntry], copied: Dict[str, bytes]) -> None:
    data = {entry.path: copied[entry.source] for entry in entries if entry.source}
    User.parse(user).check_known(data.get("etc/passwd", b""), data.get("etc/group", b""))


if __name__ == "__main__":
    run(main)
