"""An image in a registry, found by its digest or the digest of an index."""

from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

from lading.image.config.config_type import read_config
from lading.image.config.go_json import MalformedError
from lading.image.config.platform import Platform
from lading.registry.descriptor import Descriptor
from lading.registry.manifest import (
    LARGEST_DOCUMENT,
    ImageIndex,
    ImageManifest,
    parse_manifest,
    parse_object,
)
from lading.registry.platform_choice import choose, suits
from lading.registry.reference import Reference, parse_digest
from lading.values.counted import counted
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown

#: The most levels of nested indexes, and the most documents to read.
_DEEPEST = 4
_MOST_MANIFESTS = 16

#: The most platforms that a message lists.
_MOST_NAMED = 20

#: Returns the content of "manifests" or "blobs" by digest, which it has verified.
GetDocument = Callable[[str, Sha256], bytes]


@dataclass(frozen=True)
class RemoteImage:
    """`manifest_bytes` and `config_bytes` are as in the registry. `digest` is the manifest's, which
    differs from the pinned one if that is of an index.
    """

    digest: Sha256
    manifest_bytes: bytes
    config_bytes: bytes
    manifest: ImageManifest
    platform: Platform


@dataclass(frozen=True)
class _Candidate:
    """`platform` is what an index says about it; `depth` counts the indexes that led here."""

    digest: Sha256
    platform: Optional[Platform] = None
    depth: int = 0


def find_image(reference: Reference, platform: Platform, get: GetDocument) -> RemoteImage:
    """The image with the reference's digest; if the digest is of an index, its image for
    `platform`.

    Raises LadingError if there is none, or if it can't be used.
    """
    assert reference.digest is not None
    offered: List[Platform] = []
    try:
        image = _search(_Candidate(reference.digest), platform, get, offered)
    except MalformedError as error:
        raise LadingError(f"{reference} can't be used: {printable(str(error))}.") from error
    if image is None:
        only = f", only for {_names(offered)}" if offered else ""
        remedy = "Name one of these as `platform`, or pin" if offered else "Pin"
        raise LadingError(f"{reference} has no image for {platform}{only}. {remedy} another image.")
    return image


def _names(platforms: List[Platform]) -> str:
    names = [printable(shown(str(one))) for one in dict.fromkeys(platforms)]
    more = ["and more"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])


def _search(
    first: _Candidate, platform: Platform, get: GetDocument, offered: List[Platform]
) -> Optional[RemoteImage]:
    """None if no image suits; `offered` then lists the available platforms."""
    pending = [first]
    for _ in range(_MOST_MANIFESTS):
        if not pending:
            return None
        candidate = pending.pop(0)
        content = get("manifests", candidate.digest)
        document = parse_manifest(content)
        if isinstance(document, ImageIndex):
            offered.extend(entry.platform for entry in document.entries if entry.platform)
            pending[:0] = _below(candidate, document, platform)
            continue
        image = _image(candidate, content, document, get)
        if suits(image.platform, platform):
            return image
        offered.append(image.platform)
    raise MalformedError(f"more than {_MOST_MANIFESTS} manifests may be the one for {platform}")


def _below(candidate: _Candidate, index: ImageIndex, platform: Platform) -> Tuple[_Candidate, ...]:
    if candidate.depth == _DEEPEST:
        raise MalformedError(f"its indexes lie in each other more than {_DEEPEST} deep")
    return tuple(
        _Candidate(entry.descriptor.digest, entry.platform, candidate.depth + 1)
        for entry in choose(index, platform)
    )


def _image(
    candidate: _Candidate, content: bytes, manifest: ImageManifest, get: GetDocument
) -> RemoteImage:
    for layer in manifest.layers:
        if layer.is_foreign:
            raise MalformedError(
                f"its layer {layer.digest} is of the type {shown(layer.media_type)}, whose "
                "content may not be redistributed; choose an image without such layers"
            )
    config = _config(manifest.config, get)
    found = _platform(config, manifest)
    if candidate.platform is not None and not found.variant:
        # Many configs lack the variant that the index has.
        found = Platform(found.os, found.architecture, candidate.platform.variant)
    return RemoteImage(candidate.digest, content, config, manifest, found)


def _config(descriptor: Descriptor, get: GetDocument) -> bytes:
    if descriptor.size > LARGEST_DOCUMENT:
        raise MalformedError(f"its config has {descriptor.size} bytes, which is too much")
    content = get("blobs", descriptor.digest)
    if len(content) != descriptor.size:
        raise MalformedError(
            f"its config has {counted(len(content), 'byte')}, but its manifest says "
            f"{descriptor.size}"
        )
    return content


def _platform(content: bytes, manifest: ImageManifest) -> Platform:
    """Raises MalformedError if it is not the config of an image with this manifest's layers."""
    fields = read_config(parse_object(content))
    missing = [name for name in ("os", "architecture", "rootfs") if not fields.get(name)]
    if missing:
        raise MalformedError(
            "it is not a container image: its config, of the type "
            f"{shown(manifest.config.media_type)!r}, is missing the field `{missing[0]}`"
        )
    diff_ids = fields["rootfs"].get("diff_ids") or []
    if len(diff_ids) != len(manifest.layers):
        raise MalformedError(
            f"its config has {counted(len(diff_ids), 'layer')}, but its manifest has "
            f"{len(manifest.layers)}"
        )
    for diff_id in diff_ids:
        if parse_digest(diff_id) is None:
            raise MalformedError(
                f"its config has the diff id {shown(repr(diff_id))}, which is not a SHA-256 digest"
            )
    return Platform(fields["os"], fields["architecture"], fields.get("variant") or "")
