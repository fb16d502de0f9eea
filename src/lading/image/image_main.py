"""Make an image of layers: `image_main REQUEST CONFIG MANIFEST METADATA KEPT`.

REQUEST is the JSON of `ImageRequest`; CONFIG and MANIFEST are the image's two documents, METADATA
tells programs what the image is, see `image_metadata`, and KEPT is a list of the numbers, from 0,
of those layers of the request that are in it. Only descriptions of the layers are read.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Sequence

from lading.image.archive import archive_size
from lading.image.config import ImageConfig
from lading.image.image_request import ClosureMember, ImageRequest
from lading.image.image_tree import ImageTree
from lading.image.layer import Layer
from lading.image.manifest import Image
from lading.image.name_template import fill_hash
from lading.image.reference import ImageReference
from lading.image.resolved_user import resolve_user
from lading.program import run


def main(argv: List[str]) -> None:
    request_file, config, manifest, metadata, kept_file = argv
    request = ImageRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    layers = [Layer.read(Path(description)) for description in request.layers]
    # A pulled image is kept as it is. Ours may add nothing but a config to what is below.
    kept = [
        number
        for number, layer in enumerate(layers)
        if number < request.pulled_layers or not layer.is_empty
    ]
    image = Image.build(_with_numeric_user(request), [layers[number] for number in kept])
    repository = fill_hash(request.repository, image.digest)
    tags = [fill_hash(tag, image.digest) for tag in request.tags]
    references = [ImageReference.parse(repository, tag) for tag in tags]
    base_layers = sum(number < request.base_layers for number in kept)
    fields = image_metadata(image, repository, references, base_layers, request.closure)
    fields["debian"] = _debian_packages(request)
    Path(config).write_bytes(image.config)
    Path(manifest).write_bytes(image.manifest)
    text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    Path(metadata).write_text(text, encoding="utf-8")
    Path(kept_file).write_text(json.dumps(kept), encoding="ascii")


def _with_numeric_user(request: ImageRequest) -> ImageConfig:
    if not request.config.user:
        return request.config
    tree = ImageTree.from_json(Path(request.tree).read_text(encoding="utf-8"))
    return replace(request.config, user=resolve_user(request.config.user, tree.accounts))


def _debian_packages(request: ImageRequest) -> List[Any]:
    """By name. What maintainer scripts would have done is told with each."""
    reports = [
        json.loads(Path(path).read_text(encoding="utf-8")) for path in request.debian_reports
    ]
    packages = [package for report in reports for package in report]
    return sorted(packages, key=lambda package: str(package["name"]))


def image_metadata(
    image: Image,
    repository: str,
    references: Sequence[ImageReference],
    base_layers: int,
    closure: Sequence[ClosureMember],
) -> Dict[str, Any]:
    """What programs are told of an image; sizes in bytes, layers lowest first, of which the first
    `base_layers` are the base's.

    `id` is the image's id in docker, `digest` its name in registries and its id in docker with
    the containerd store (rules_img#76).
    """
    return {
        "image": {"id": str(image.id), "digest": str(image.digest)},
        "platform": str(image.platform),
        "repository": repository,
        "tags": [reference.name for reference in references],
        "archive": {"size": archive_size(image, references)},
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
