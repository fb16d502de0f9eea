"""The layer with the changes of an image's `run_as_root`."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from pants.engine.addresses import Address
from pants.engine.fs import (
    AddPrefix,
    Digest,
    DigestContents,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict

from lading.image.programs.run_as_root_main import RunAsRootRequest
from lading.namespaces.limits import LIMITS_DIR, LIMITS_FILE, Limits
from lading.store.closure import closure_of
from lading.store.request import InputPackage
from lading.values.json_codec import to_json
from lading.values.path import StorePath
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.machine import NotedFiles, NotedFilesRequest
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.image_layer import (
    LAYER_FILES,
    TREE_FILE,
    BuiltLayer,
    ImageLayer,
    read_layer_output,
)
from lading_pants.image.placed_layers import PlacedLayers, place_layers
from lading_pants.store.realise import (
    SEGMENT_FILE,
    ClosureMember,
    PlacedFiles,
    PlacedFilesRequest,
    StoreClosure,
    StorePackagesRequest,
)

logger = logging.getLogger(__name__)

_REFERENCES_FILE = "references.json"
_OUTPUT_FILES = (*LAYER_FILES, TREE_FILE, _REFERENCES_FILE)
_BASE = "base"


@dataclass(frozen=True)
class Commands:
    """The commands of an image's `run_as_root`. `text` has store paths filled in.

    The programs of `tools` are on PATH; `packages` are those that the text names. `timeout` is in
    seconds, None if the image does not set it.
    """

    text: str
    tools: tuple[Address, ...]
    packages: tuple[Address, ...]
    timeout: Optional[int]


@dataclass(frozen=True)
class RunAsRootLayerRequest:
    """`layers` are the image so far, lowest first; `tree` has its `TREE_FILE`.

    `members` are the image's store packages, of which `contents` are shown at `/`; `env` is the
    image's environment. `address` and `subject` are the image's.
    """

    commands: Commands
    layers: tuple[ImageLayer, ...]
    tree: Digest
    members: tuple[ClosureMember, ...]
    contents: tuple[StorePath, ...]
    env: FrozenDict[str, str]
    address: Address
    subject: str


@dataclass(frozen=True)
class RunAsRootLayer:
    """`members` are the packages that the image with this layer needs in addition to those it has,
    sorted by store path."""

    built: BuiltLayer
    members: tuple[ClosureMember, ...]


@rule
async def run_as_root(
    request: RunAsRootLayerRequest, compressor: Compressor, lading: LadingSubsystem
) -> RunAsRootLayer:
    limits = Limits(
        timeout=lading.limit(request.commands.timeout, "build_timeout"),
        max_log_size=lading.limit(None, "max_build_log_size"),
    )
    # Not in the request, which is part of the cache key.
    noted_limits = await Get(
        NotedFiles,
        NotedFilesRequest("lading_limits", FrozenDict({LIMITS_FILE: to_json(limits)})),
    )
    tools = await Get(
        StoreClosure,
        StorePackagesRequest(
            (*request.commands.tools, *request.commands.packages),
            f"{request.subject}: `run_as_root`",
        ),
    )
    members = {member.package.path: member for member in (*tools.roots, *tools.members)}
    members.update((member.package.path, member) for member in request.members)
    segments = await Get(PlacedFiles, PlacedFilesRequest(tuple(members.values()), SEGMENT_FILE))
    layers = await place_layers(request.layers)
    tree = await Get(Digest, AddPrefix(request.tree, _BASE))
    on_path = [root.package.path for root in tools.roots[: len(request.commands.tools)]]
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.programs.run_as_root_main",
            request=to_json(_program_request(request, layers, members.values(), on_path)),
            arguments=(COMPRESSOR, LIBZSTD, *_OUTPUT_FILES),
            inputs=await Get(Digest, MergeDigests((segments.digest, tree))),
            immutable_inputs=FrozenDict(
                {COMPRESSOR_DIRECTORY: compressor.digest, **layers.immutable_inputs}
            ),
            append_only_caches=FrozenDict({noted_limits.name: LIMITS_DIR}),
            output_files=_OUTPUT_FILES,
            description=f"Running the commands of {request.address} as root",
            subject=request.subject,
        ),
    )
    if result.stderr:
        logger.warning(f"{request.subject}: `run_as_root`: {result.stderr.strip()}")
    contents = await Get(DigestContents, DigestSubset(result.digest, PathGlobs([_REFERENCES_FILE])))
    built = await read_layer_output(result.digest)
    found = [StorePath.parse(path) for path in json.loads(contents[0].content)]
    packages = closure_of(found, {path: member.package for path, member in members.items()})
    there = {member.package.path for member in request.members}
    return RunAsRootLayer(
        built,
        tuple(members[package.path] for package in packages if package.path not in there),
    )


def _program_request(
    request: RunAsRootLayerRequest,
    layers: PlacedLayers,
    members: Iterable[ClosureMember],
    on_path: Sequence[StorePath],
) -> RunAsRootRequest:
    return RunAsRootRequest(
        commands=request.commands.text,
        layers=layers.blobs,
        tree=f"{_BASE}/{TREE_FILE}",
        packages=tuple(
            InputPackage(
                path=member.package.path,
                segment=f"{member.directory}/{SEGMENT_FILE}",
                sha256=member.package.segment_sha256,
                direct=member.package.path in on_path,
                variable="",
            )
            for member in members
        ),
        contents=request.contents,
        env=dict(request.env),
    )
