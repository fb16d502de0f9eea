"""Make the layer of an image: `layer_main REQUEST LIBRARY OUTPUT DESCRIPTION TREE`.

REQUEST is the JSON of `LayerRequest`, LIBRARY what `open_compressor` takes, DESCRIPTION the JSON of
`Layer`, TREE that of the `ImageTree` of the image so far; OUTPUT is the blob.
"""

import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Dict, List

from lading.compression.layer_compression import open_compressor
from lading.files.entry import Entry, Members
from lading.image.layers.layer_writer import LayerWriter, head_segment, package_segments
from lading.image.programs.layer_request import LayerRequest
from lading.image.root.contents import Content, merge_contents
from lading.image.root.image_tree import ImageTree
from lading.image.root.root_fields import RootFields
from lading.image.root.root_tree import RootTree, plan_root_tree
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file, write_whole
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_file, library, output, description, tree_file = argv
    request = read_json(LayerRequest, Path(request_file))
    tree = _plan(request)
    with whole_file(Path(output)) as file, open_compressor(library) as compressor:
        segments = package_segments(package.files for package in request.packages)
        head = head_segment(tree.layer_entries(package.path for package in request.packages))
        layer = LayerWriter(compressor, file, request.created_by).write(head, segments)
    write_whole(Path(description), to_json(layer))
    write_whole(Path(tree_file), to_json(tree.image))


def _plan(request: LayerRequest) -> RootTree:
    fields = RootFields.parse(request.fields)
    base = ImageTree()
    if request.base_tree:
        base = read_json(ImageTree, Path(request.base_tree))
    contents = _contents(request, base)
    tree = plan_root_tree(contents, fields, lambda source: Path(source).read_bytes(), base)
    # On top of other layers, an empty store needs no layer. An image without layers does, because
    # some readers don't accept images without any.
    return tree.without_bare_store() if base.entries and not request.packages else tree


def _contents(request: LayerRequest, base: ImageTree) -> Dict[str, Entry]:
    """What the contents show, with the bytes of the files that are copied."""
    contents = [
        Content(package.path, read_json(Members, Path(package.members)).members)
        for package in request.contents
    ]
    entries = merge_contents(contents, lambda path: base.directory(path) is not None)
    return {path: _with_data(entry, request) for path, entry in entries.items()}


def _with_data(entry: Entry, request: LayerRequest) -> Entry:
    if not entry.source:
        return entry
    segments = {str(package.path).lstrip("/"): package.segment for package in request.contents}
    segment = segments["/".join(entry.source.split("/")[:2])]
    with tarfile.open(segment, "r:") as archive:
        content = archive.extractfile(entry.source)
        assert content is not None, "only regular files are copied"
        return replace(entry, data=content.read())


if __name__ == "__main__":
    run(main)
