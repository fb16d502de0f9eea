"""`./pants run` for an image: in docker, in podman, or without either."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Iterable

from pants.core.goals.run import RunFieldSet, RunInSandboxBehavior, RunRequest, RunSubsystem
from pants.engine.fs import CreateDigest, Digest, FileContent, MergeDigests
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest
from pants.engine.unions import UnionRule
from pants.option.global_options import GlobalOptions
from pants.option.option_types import BoolOption
from pants.util.strutil import softwrap

from lading.engines.container_engine import Engine
from lading.run.loadable_image import ImageRunRequest
from lading.runtime.machine import MACHINE_DIR
from lading.values.json_codec import to_json
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.program import RUN_IN_WORKSPACE, ProgramDigest, ProgramDigestRequest
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.assembled_image import (
    CONFIG_FILE,
    MANIFEST_FILE,
    AssembledImage,
    AssembledImageRequest,
)
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.placed_layers import place_layers

_MODULE = "lading.run.run_main"
_REQUEST_FILE = "run.json"


class RunOptions:
    daemon = BoolOption(
        default=True,
        help=softwrap(
            """
            Whether to run `docker_image` targets in docker or podman. With `--no-daemon`, Lading
            unpacks the image and runs its program in namespaces with the machine's network, so
            that you can look at what is in it. Changes to files are lost when it ends.
            """
        ),
    )


@dataclass(frozen=True)
class RunImageFieldSet(RunFieldSet):
    required_fields = ImageFieldSet.required_fields
    run_in_sandbox_behavior = RunInSandboxBehavior.NOT_SUPPORTED


@rule
async def run_image(
    field_set: RunImageFieldSet,
    run: RunSubsystem,
    all_goals: GlobalOptions,
    lading: LadingSubsystem,
) -> RunRequest:
    wrapped = await Get(
        WrappedTarget,
        WrappedTargetRequest(field_set.address, description_of_origin="<infallible>"),
    )
    image = await Get(AssembledImage, AssembledImageRequest(ImageFieldSet.create(wrapped.target)))
    program, machine = await MultiGet(
        Get(ProgramDigest, ProgramDigestRequest(_MODULE)), Get(MachineCache)
    )
    wants_engine = run.options.daemon and all_goals.options.daemon
    layers = await place_layers(image.layers)
    # Not in the request, which Pants keeps in its store: an option may be `--env=PASSWORD=...`.
    options = json.dumps(list(lading.container_options))
    request = ImageRunRequest(
        engine=lading.container_engine if wants_engine else Engine.NONE,
        config=CONFIG_FILE,
        manifest=MANIFEST_FILE,
        tags=image.description.tags,
        layers=layers.files,
        libzstd=LIBZSTD,
    )
    request_digest = await Get(
        Digest, CreateDigest([FileContent(_REQUEST_FILE, to_json(request).encode("utf-8"))])
    )
    digest = await Get(
        Digest, MergeDigests((program.digest, request_digest, image.digest, layers.digest))
    )
    return RunRequest(
        digest=digest,
        args=(*RUN_IN_WORKSPACE, "{chroot}", _MODULE, "{chroot}", _REQUEST_FILE, options),
        immutable_input_digests=layers.libraries,
        append_only_caches={machine.name: MACHINE_DIR},
    )


def rules() -> Iterable[Rule | UnionRule]:
    return [
        *collect_rules(),
        *RunImageFieldSet.rules(),
        RunSubsystem.register_plugin_options(RunOptions),
        # Pants takes a flag after a target for one of these.
        GlobalOptions.register_plugin_options(RunOptions),
    ]
