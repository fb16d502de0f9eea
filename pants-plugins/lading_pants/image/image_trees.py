"""Whole directories that an image takes from other Pants targets."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.addresses import Address
from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    Digest,
    DigestEntries,
    Directory,
    FileEntry,
    MergeDigests,
    SymlinkEntry,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.config.user import is_number
from lading.image.programs.tree_main import TreeEntry, TreeRequest
from lading.image.root.file_trees import TreeSpec, parse_trees
from lading.values.json_codec import to_json
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.engine.target_files import TargetFiles, TargetFilesRequest
from lading_pants.errors import TargetError
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.image.image_layer import TREE_FILE
from lading_pants.image.image_parts import PART_FILES, ImagePart

_SOURCE = "source"


@dataclass(frozen=True)
class _TreeRequest:
    place: str
    spec: TreeSpec
    address: Address
    tree: Digest
    subject: str


async def image_trees(
    files: FrozenDict[str, object],
    addresses: FrozenDict[str, Address],
    tree: Digest,
    subject: str,
) -> tuple[ImagePart, ...]:
    """A part for each directory among `files`, the field's value. `addresses` are those of its
    sources, by their text. `tree` has the `TREE_FILE` of the layers below, in which names of owners
    are looked up."""
    return await MultiGet(
        Get(ImagePart, _TreeRequest(place, spec, addresses[spec.source], tree, subject))
        for place, spec in parse_trees(files).items()
    )


@rule
async def make_tree(request: _TreeRequest, compressor: Compressor) -> ImagePart:
    spec, name = request.spec, f"`files` from {request.address}"
    origin = f"{request.subject}: `files` gives '/{request.place}/' the source {request.address}"
    files = await Get(TargetFiles, TargetFilesRequest(request.address, origin))
    entries = await Get(DigestEntries, Digest, files.digest)
    if not entries:
        raise TargetError(
            f"{origin}, which has no files: name a target with sources, or one that `./pants "
            "package` builds files from."
        )
    has_names = not (is_number(spec.owner.user) and is_number(spec.owner.group))
    tree = TreeRequest(
        place=request.place,
        source=_SOURCE,
        entries=tuple(
            TreeEntry(entry.path, entry.is_executable)
            if isinstance(entry, FileEntry)
            else TreeEntry(entry.path, target=entry.target)
            for entry in entries
            if isinstance(entry, (FileEntry, SymlinkEntry))
        ),
        directories=tuple(entry.path for entry in entries if isinstance(entry, Directory)),
        unpack=spec.unpack,
        mode=spec.mode,
        user=spec.owner.user,
        group=spec.owner.group,
        tree=TREE_FILE if has_names else "",
    )
    placed = await Get(Digest, AddPrefix(files.digest, _SOURCE))
    accounts = request.tree if has_names else EMPTY_DIGEST
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.tree_main",
            request=to_json(tree),
            arguments=(COMPRESSOR, *PART_FILES),
            inputs=await Get(Digest, MergeDigests((placed, accounts))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=PART_FILES,
            description=f"Packing the files of {request.address}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    directory = f"trees/{request.place}"
    return ImagePart(name, directory, await Get(Digest, AddPrefix(result.digest, directory)))
