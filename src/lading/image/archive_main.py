"""Make an image's archive: `archive_main REQUEST ARCHIVE METADATA`.

REQUEST is the JSON of `ArchiveRequest`. METADATA tells programs what ARCHIVE holds, see
`image_metadata`.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Sequence

from lading.image.archive import write_archive
from lading.image.archive_request import ArchiveRequest, ClosureMember, LayerFiles
from lading.image.config import ImageConfig
from lading.image.image_tree import ImageTree
from lading.image.layer import Layer
from lading.image.manifest import Image
from lading.image.reference import ImageReference
from lading.image.resolved_user import resolve_user
from lading.program import run


def main(argv: List[str]) -> None:
    request_file, output, metadata = argv
    partial = Path(output + ".partial")
    request = ArchiveRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    layers = [_read_layer(files) for files in request.layers]
    # The topmost layer of an image that adds nothing but its config to a base.
    full = [number for number, layer in enumerate(layers) if not layer.is_empty]
    image = Image.build(_with_numeric_user(request), [layers[number] for number in full])
    references = [ImageReference.parse(request.repository, tag) for tag in request.tags]
    blobs = [Path(request.layers[number].blob) for number in full]
    with partial.open("wb") as file:
        size = write_archive(image, references, blobs, file)
    base_layers = sum(number < request.base_layers for number in full)
    fields = image_metadata(image, references, size, base_layers, request.closure)
    text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    Path(metadata).write_text(text, encoding="utf-8")
    partial.replace(output)


def _read_layer(files: LayerFiles) -> Layer:
    return Layer.from_dict(json.loads(Path(files.description).read_text(encoding="utf-8")))


def _with_numeric_user(request: ArchiveRequest) -> ImageConfig:
    if not request.config.user:
        return request.config
    tree = ImageTree.from_json(Path(request.tree).read_text(encoding="utf-8"))
    return replace(request.config, user=resolve_user(request.config.user, tree.accounts))


def image_metadata(
    image: Image,
    references: Sequence[ImageReference],
    archive_size: int,
    base_layers: int,
    closure: Sequence[ClosureMember],
) -> Dict[str, Any]:
    """What is published beside an archive; sizes in bytes, layers lowest first, of which the first
    `base_layers` are the base's.

    `id` is the image's id in docker, `digest` its name in registries and its id in docker with
    the containerd store (rules_img#76).
    """
    return {
        "image": {"id": str(image.id), "digest": str(image.digest)},
        "platform": str(image.platform),
        "tags": [reference.name for reference in references],
        "archive": {"size": archive_size},
        "base_layers": base_layers,
        "layers": [
            {
                "digest": str(layer.digest),
                "diff_id": str(layer.diff_id),
                "size": layer.size,
                "media_type": layer.media_type,
            }
            for layer in image.layers
        ],
        "closure": [
            {"path": str(member.path), "name": member.path.name, "size": member.size}
            for member in sorted(closure, key=lambda member: member.path)
        ],
    }


if __name__ == "__main__":
    run(main)
