"""`./pants test` on a `docker_image_test`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

from pants.core.goals.test import TestRequest, TestResult, TestSubsystem
from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    CreateDigest,
    Digest,
    DigestEntries,
    FileEntry,
    MergeDigests,
    Snapshot,
)
from pants.engine.process import FallibleProcessResult, Process, ProcessCacheScope
from pants.engine.rules import Get, MultiGet, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.image.archive_request import ArchiveRequest, LayerFiles
from lading.image.zstd_library import LIBRARY
from lading.program import USER_ERROR, error_sentence
from lading.store.package import StorePackage
from lading.structure.check_request import CheckRequest, Engine
from lading_pants.subsystems.image_test_subsystem import ImageTestSubsystem
from lading_pants.util_rules.engine_machine import EngineMachine
from lading_pants.util_rules.image import (
    ARCHIVE_FILE,
    CONFIG_FILE,
    MANIFEST_FILE,
    METADATA_FILE,
    AssembledImage,
    AssembledImageRequest,
    ImageLayers,
    ImageLayersRequest,
)
from lading_pants.util_rules.image_checks import (
    ImageChecks,
    ImageChecksRequest,
    ImageTestFieldSet,
)
from lading_pants.util_rules.image_layer import DESCRIPTION_FILE, LAYER_FILE
from lading_pants.util_rules.program import (
    ProgramProcess,
    ProgramRequest,
    ProgramResult,
)
from lading_pants.util_rules.zstd_library import ZstdLibrary

_MODULE = "lading.structure.check_main"
_JUNIT_FILE = "junit.xml"
_LAYERS, _ZSTD = "layers", "zstd"


class ImageTestRequest(TestRequest):
    tool_subsystem = ImageTestSubsystem
    field_set_type = ImageTestFieldSet


@dataclass(frozen=True)
class _UntaggedArchiveRequest:
    """`layers` holds the files of `count` layers, each in a directory of its number."""

    image: AssembledImage
    layers: Digest
    subject: str


@dataclass(frozen=True)
class _UntaggedArchive:
    """`digest` holds `ARCHIVE_FILE`, which gives the image no name when it is loaded."""

    digest: Digest


@rule
async def write_untagged_archive(request: _UntaggedArchiveRequest) -> _UntaggedArchive:
    image = request.image
    archive = ArchiveRequest(
        config=CONFIG_FILE,
        manifest=MANIFEST_FILE,
        repository="",
        tags=(),
        layers=tuple(
            LayerFiles(f"{_LAYERS}/{number}/{LAYER_FILE}", f"{_LAYERS}/{number}/{DESCRIPTION_FILE}")
            for number in range(len(image.layers))
        ),
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.image.archive_main",
            request=archive.to_json(),
            arguments=(ARCHIVE_FILE,),
            inputs=image.digest,
            immutable_inputs=FrozenDict({_LAYERS: request.layers}),
            output_files=(ARCHIVE_FILE,),
            description="Writing an archive for a container engine",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return _UntaggedArchive(result.digest)


@rule(desc="Test an image", level=LogLevel.DEBUG)
async def test_image(
    batch: ImageTestRequest.Batch[ImageTestFieldSet, Any], test_subsystem: TestSubsystem
) -> TestResult:
    field_set = batch.single_element
    planned = await Get(ImageChecks, ImageChecksRequest(field_set))
    checks, engine = planned.checks, Engine(field_set.engine.value)
    image = await Get(AssembledImage, AssembledImageRequest(planned.image))
    closure: tuple[StorePackage, ...] = ()
    if checks.absent:
        built = await Get(ImageLayers, ImageLayersRequest(planned.image))
        closure = tuple(member.package for member in built.closure)
    layers = zstd = EMPTY_DIGEST
    if checks.need_layers:
        placed = await MultiGet(
            Get(Digest, AddPrefix(layer.digest, str(number)))
            for number, layer in enumerate(image.layers)
        )
        layers = await Get(Digest, MergeDigests(placed))
        library = await Get(ZstdLibrary)
        zstd = library.digest
    inputs, machine = image.digest, None
    if checks.commands and engine is not Engine.NAMESPACES:
        archive = await Get(
            _UntaggedArchive, _UntaggedArchiveRequest(image, layers, field_set.subject)
        )
        inputs = await Get(Digest, MergeDigests((inputs, archive.digest)))
        found = await Get(EngineMachine)
        machine = found.cache
    request = CheckRequest(
        name=str(field_set.address),
        checks=checks,
        config=CONFIG_FILE,
        metadata=METADATA_FILE,
        layers=tuple(
            f"{_LAYERS}/{number}/{LAYER_FILE}"
            for number in range(len(image.layers) if checks.need_layers else 0)
        ),
        archive=ARCHIVE_FILE if machine else "",
        closure=closure,
        engine=engine,
        timeout=field_set.timeout.calculate_from_global_options(test_subsystem),
    )
    program = await Get(
        ProgramProcess,
        ProgramRequest(
            module=_MODULE,
            request=request.to_json(),
            arguments=(f"{_ZSTD}/{LIBRARY}", _JUNIT_FILE),
            inputs=inputs,
            immutable_inputs=FrozenDict({_LAYERS: layers, _ZSTD: zstd}),
            output_files=(_JUNIT_FILE,),
            machine=machine,
            cache_scope=(
                ProcessCacheScope.PER_SESSION
                if test_subsystem.force
                else ProcessCacheScope.SUCCESSFUL
            ),
            description=f"Testing {planned.image.address}",
            subject=field_set.subject,
        ),
    )
    result = await Get(FallibleProcessResult, Process, program.process)
    return await _test_result(result, field_set, test_subsystem)


async def _test_result(
    result: FallibleProcessResult, field_set: ImageTestFieldSet, test_subsystem: TestSubsystem
) -> TestResult:
    report: Optional[Snapshot] = None
    if test_subsystem.report:
        entries = await Get(DigestEntries, Digest, result.output_digest)
        name = f"{field_set.address.path_safe_spec}.xml"
        report = await Get(
            Snapshot,
            CreateDigest(
                FileEntry(name, entry.file_digest)
                for entry in entries
                if isinstance(entry, FileEntry)
            ),
        )
    told = TestResult.from_fallible_process_result(
        result, field_set.address, test_subsystem.output, xml_results=report
    )
    if result.exit_code == USER_ERROR:
        # No exception, for which the results of other tests would be lost.
        return replace(told, stderr=error_sentence(told.stderr))
    return told


def rules():
    return [*collect_rules(), *ImageTestRequest.rules()]
