"""A complete image, with config and manifest, but not in one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Optional, Tuple

from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, rule

from lading.image.config.user import User
from lading.image.image_description import DescribedDebian, DescribedPackage, ImageDescription
from lading.image.image_documents import ImageDocuments, ImageParts
from lading.image.root.process_user import resolve_user
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading_pants.debian.image_debian import REPORT_FILE
from lading_pants.errors import about
from lading_pants.image.image_layer import ImageLayer, read_tree
from lading_pants.image.image_layers import ImageLayers, ImageLayersRequest
from lading_pants.image.image_names import ImageNames, ImageNamesRequest
from lading_pants.image.image_plan import ImagePlan, ImagePlanRequest
from lading_pants.image.image_programs import check_programs
from lading_pants.image.image_references import ImageFieldSet

#: The files of an image besides its layers: OCI's config and manifest, and the description for
#: programs.
CONFIG_FILE, MANIFEST_FILE, METADATA_FILE = "config.json", "manifest.json", "image.json"


@dataclass(frozen=True)
class AssembledImageRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class AssembledImage:
    """A complete image, but not in one file.

    `digest` has `CONFIG_FILE`, `MANIFEST_FILE` and `METADATA_FILE`, which is the JSON of
    `description`. `layers` are those that the manifest names, lowest first; the lowest
    `pulled_count` come from the repository `origin`.
    """

    digest: Digest
    description: ImageDescription
    layers: tuple[ImageLayer, ...]
    pulled_count: int
    origin: Optional[str]


async def _numeric_user(text: str, tree: Digest, subject: str) -> str:
    """The user of the image for its config, with numbers for names; "" if there is none."""
    if not text or not User.parse(text).has_names:
        return text
    found = await read_tree(tree)
    try:
        return resolve_user(text, found.accounts)
    except LadingError as error:
        raise about(subject, error) from error


@rule
async def assemble_image(request: AssembledImageRequest) -> AssembledImage:
    field_set = request.field_set
    plan = await Get(ImagePlan, ImagePlanRequest(field_set))
    names, image = await MultiGet(
        Get(ImageNames, ImageNamesRequest(field_set)),
        Get(ImageLayers, ImageLayersRequest(field_set)),
    )
    await check_programs(plan, image.tree, image.closure)
    user = await _numeric_user(plan.config.user, image.tree, field_set.subject)
    reports = await MultiGet(
        Get(DigestContents, DigestSubset(report, PathGlobs([REPORT_FILE])))
        for report in image.debian_reports
    )
    described: Any = Tuple[DescribedDebian, ...]
    parts = ImageParts(
        config=replace(plan.config, user=user),
        repository=names.repository,
        tags=names.tags,
        layers=tuple(layer.description for layer in image.layers),
        pulled_layers=image.pulled_count,
        base_layers=image.base_count,
        closure=tuple(
            DescribedPackage(
                member.package.path, member.package.path.name, member.package.unpacked_size
            )
            for member in image.closure
        ),
        debian=tuple(chain(*(from_json(described, file.content) for (file,) in reports))),
    )
    try:
        documents = ImageDocuments.of(parts)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    files = (
        FileContent(CONFIG_FILE, documents.config),
        FileContent(MANIFEST_FILE, documents.manifest),
        FileContent(METADATA_FILE, to_json(documents.description, indent=2).encode("ascii")),
    )
    return AssembledImage(
        digest=await Get(Digest, CreateDigest(files)),
        description=documents.description,
        layers=tuple(image.layers[number] for number in documents.kept),
        pulled_count=image.pulled_count,
        origin=image.origin,
    )
