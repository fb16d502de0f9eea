"""`./pants publish` for an image: from its layers directly to registries."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Iterable

from pants.base.build_root import BuildRoot
from pants.core.goals.publish import (
    PublishFieldSet,
    PublishOutputData,
    PublishPackages,
    PublishProcesses,
    PublishRequest,
)
from pants.core.util_rules.distdir import DistDir
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.fs import CreateDigest, Digest, FileContent, MergeDigests
from pants.engine.process import InteractiveProcess
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import WrappedTarget, WrappedTargetRequest
from pants.engine.unions import UnionRule

from lading.image.name_template import fill_hash
from lading.registry.push.publish_request import ImageToPublish
from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.machine import MACHINE_DIR
from lading.runtime.program import USER_ERROR
from lading.values.json_codec import to_json
from lading_pants.engine.program import (
    CACHE_NAME,
    REQUEST_FILE,
    RUN_IN_SANDBOX,
    ProgramDigest,
    ProgramDigestRequest,
)
from lading_pants.engine.registry_machine import RegistryMachine
from lading_pants.errors import TargetError
from lading_pants.image.assembled_image import (
    CONFIG_FILE,
    MANIFEST_FILE,
    AssembledImage,
    AssembledImageRequest,
)
from lading_pants.image.image_names import ImageNames, ImageNamesRequest
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.image.placed_layers import PlacedLayers, place_layers
from lading_pants.publish.image_destinations import find_destinations

_MODULE = "lading.registry.push.publish_main"

#: Secrets that credential helpers read from the environment. They are passed only to the process
#: that pushes, which is not cached, and are stored nowhere.
_SECRET_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class PublishImageRequest(PublishRequest["PublishImageFieldSet"]):
    pass


@dataclass(frozen=True)
class PublishImageFieldSet(PublishFieldSet[PublishImageRequest]):
    publish_request_type = PublishImageRequest
    required_fields = ImageFieldSet.required_fields

    def get_output_data(self) -> PublishOutputData:
        return PublishOutputData({"publisher": "lading", **super().get_output_data()})


async def _push(
    request: ImageToPublish, image: AssembledImage, layers: PlacedLayers, result: str
) -> InteractiveProcess:
    """The process that pushes the image; it lists what it did in the file `result`."""
    program, machine, secrets, request_digest = await MultiGet(
        Get(ProgramDigest, ProgramDigestRequest(_MODULE)),
        Get(RegistryMachine),
        Get(EnvironmentVars, EnvironmentVarsRequest(_SECRET_VARIABLES)),
        Get(Digest, CreateDigest([FileContent(REQUEST_FILE, to_json(request).encode())])),
    )
    inputs = await Get(
        Digest, MergeDigests((program.digest, request_digest, image.digest, layers.digest))
    )
    return InteractiveProcess(
        argv=(*RUN_IN_SANDBOX, _MODULE, REQUEST_FILE, result),
        env=secrets,
        input_digest=inputs,
        append_only_caches={machine.name: MACHINE_DIR, CACHE_NAME: CACHE_DIR},
    )


async def _publication(
    field_set: ImageFieldSet, distdir: DistDir, build_root: BuildRoot
) -> PublishPackages:
    address = str(field_set.address)
    destinations = await find_destinations(field_set)
    if not destinations.repositories:
        return PublishPackages((address,), description=destinations.skipped)
    names, image = await MultiGet(
        Get(ImageNames, ImageNamesRequest(field_set)),
        Get(AssembledImage, AssembledImageRequest(field_set)),
    )
    layers = await place_layers(image.layers)
    digest = image.description.image.digest
    request = ImageToPublish(
        image=address,
        manifest=MANIFEST_FILE,
        config=CONFIG_FILE,
        layers=layers.blobs,
        repositories=tuple(fill_hash(text, digest) for text in destinations.repositories),
        tags=tuple(fill_hash(tag, digest) for tag in names.tags),
        pulled_layers=image.pulled_count,
        origin=image.origin,
    )
    archive = field_set.output_path.value_or_default(file_ending="tar")
    result = os.path.join(distdir.relpath, f"{os.path.splitext(archive)[0]}.publish.json")
    published = [
        f"{name}{tag}"
        for name in request.repositories
        for tag in [f":{tag}" for tag in request.tags] or [""]
    ]
    return PublishPackages(
        names=tuple(f"{name}@{digest}" for name in published),
        process=await _push(request, image, layers, os.path.join(build_root.path, result)),
        data=PublishOutputData({"digest": str(digest), "result": result}),
    )


def _failing_process(error: TargetError) -> InteractiveProcess:
    return InteractiveProcess(
        ("/bin/sh", "-c", f'printf "%s\\n" "$1" >&2; exit {USER_ERROR}', "sh", str(error))
    )


@rule
async def publish_image(
    request: PublishImageRequest, distdir: DistDir, build_root: BuildRoot
) -> PublishProcesses:
    address = request.field_set.address
    wrapped = await Get(
        WrappedTarget, WrappedTargetRequest(address, description_of_origin="<infallible>")
    )
    try:
        packages = await _publication(ImageFieldSet.create(wrapped.target), distdir, build_root)
    except TargetError as error:
        # If the error were raised, it would end the goal before other images are published.
        packages = PublishPackages((str(address),), _failing_process(error))
    return PublishProcesses([packages])


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), *PublishImageFieldSet.rules()]
