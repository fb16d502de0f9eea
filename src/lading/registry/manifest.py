"""Manifests and indexes as registries have them (OCI image-spec, manifest.md, image-index.md;
distribution, docs/spec/manifest-v2-2.md).

The fields of a document decide what it is, since `Content-Type` and `mediaType` are missing or
wrong in practice (rules_oci#496, #839, #868; rules_img#186).
"""

from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Tuple, Union

from lading.image.config.go_json import INTEGER, STRING, STRING_MAP, ListOf, MalformedError, Struct
from lading.image.config.platform import Platform
from lading.registry.descriptor import DESCRIPTOR, Descriptor
from lading.registry.strict_json import parse_strictly
from lading.values.foreign_text import shown

#: The media types to ask a registry for, in this order.
ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "*/*;q=0.1",
    ]
)

#: The most bytes of a manifest, index or config. Registries accept at least 4 MiB
#: (distribution-spec, Pushing Manifests).
LARGEST_DOCUMENT = 16 << 20

_REFERENCE_TYPE = "vnd.docker.reference.type"

# The fields of a manifest or an index.
_DOCUMENT = Struct(
    {
        "schemaVersion": INTEGER,
        "mediaType": STRING,
        "artifactType": STRING,
        "config": DESCRIPTOR,
        "layers": ListOf(DESCRIPTOR),
        "manifests": ListOf(DESCRIPTOR),
        "subject": DESCRIPTOR,
        "annotations": STRING_MAP,
    }
)


@dataclass(frozen=True)
class ImageManifest:
    """`layers` are ordered from the lowest."""

    config: Descriptor
    layers: Tuple[Descriptor, ...]


@dataclass(frozen=True)
class IndexEntry:
    """`platform` is None if the index does not name one."""

    descriptor: Descriptor
    platform: Optional[Platform]


@dataclass(frozen=True)
class ImageIndex:
    """`entries` are in the order of the index, without attestations."""

    entries: Tuple[IndexEntry, ...]


def parse_manifest(content: bytes) -> Union[ImageManifest, ImageIndex]:
    """Raises MalformedError for anything else."""
    fields = parse_object(content)
    if fields.get("schemaVersion") == 1 or "fsLayers" in fields:
        raise MalformedError(
            "it is of schema 1, which has been obsolete since 2017; push the image again with a "
            "current tool, such as `skopeo copy`"
        )
    fields = _DOCUMENT.read(fields, "")
    is_index, is_manifest = "manifests" in fields, "layers" in fields or "config" in fields
    if is_index and is_manifest:
        # Two readers might see two different images (CVE-2021-41190).
        raise MalformedError("it is a manifest and an index at once")
    if is_index:
        return ImageIndex(_entries(fields.get("manifests") or []))
    if is_manifest:
        # Go writes null for an empty list (moby#49141).
        layers = [Descriptor.parse(one, "layer") for one in fields.get("layers") or []]
        return ImageManifest(Descriptor.parse(fields.get("config"), "config"), tuple(layers))
    raise MalformedError("it has neither `manifests` nor `config` and `layers`")


def parse_object(content: bytes) -> Mapping[str, Any]:
    """The JSON object of a document, in UTF-8. Raises MalformedError if it is none."""
    try:
        fields = parse_strictly(content)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"it is not valid JSON ({shown(str(error))})") from error
    if not isinstance(fields, dict):
        raise MalformedError("it is not a JSON object")
    return fields


def _entries(manifests: List[Any]) -> Tuple[IndexEntry, ...]:
    entries: List[IndexEntry] = []
    for fields in manifests:
        descriptor = Descriptor.parse(fields, "entry in `manifests`")
        if not _is_attestation(fields):
            entries.append(IndexEntry(descriptor, _platform(fields.get("platform"))))
    return tuple(entries)


def _is_attestation(fields: Mapping[str, Any]) -> bool:
    """BuildKit's attestations have the platform unknown/unknown (moby#45600, zot#2836)."""
    platform = fields.get("platform") or {}
    return platform.get("os") == "unknown" or _REFERENCE_TYPE in (fields.get("annotations") or {})


def _platform(fields: Optional[Mapping[str, Any]]) -> Optional[Platform]:
    """None if the information is incomplete."""
    if not fields or not fields.get("os") or not fields.get("architecture"):
        return None
    return Platform(fields["os"], fields["architecture"], fields.get("variant") or "")
