"""`./pants test` for a `docker_image_test`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from pants.core.goals.test import TestRequest, TestResult, TestSubsystem
from pants.engine.fs import (
    EMPTY_FILE_DIGEST,
    CreateDigest,
    Digest,
    DigestEntries,
    DigestSubset,
    FileEntry,
    MergeDigests,
    PathGlobs,
    Snapshot,
)
from pants.engine.process import FallibleProcessResult, Process, ProcessCacheScope
from pants.engine.rules import Get, Rule, collect_rules, rule
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.checks.check_main import CheckRequest
from lading.engines.container_engine import Engine
from lading.runtime.program import USER_ERROR, error_sentence
from lading.store.package import StorePackage
from lading.values.json_codec import to_json
from lading_pants.engine.container_engine_machine import EngineMachine
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.program import ProgramProcess, ProgramRequest
from lading_pants.errors import TargetError
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.assembled_image import CONFIG_FILE, AssembledImage, AssembledImageRequest
from lading_pants.image.image_archive import ARCHIVE_FILE, ImageArchive, ImageArchiveRequest
from lading_pants.image.image_layers import ImageLayers, ImageLayersRequest
from lading_pants.image.placed_layers import place_layers
from lading_pants.test.image_checks import ImageChecks, ImageTestFieldSet, plan_checks
from lading_pants.test.image_test_subsystem import ImageTestSubsystem

_JUNIT_FILE = "junit.xml"


class ImageTestRequest(TestRequest):
    tool_subsystem = ImageTestSubsystem
    field_set_type = ImageTestFieldSet


@dataclass(frozen=True)
class _Inputs:
    """What a test uses of an image, and no more, so that nothing else causes it to run again.

    `layers` are paths below the sandbox's root; `machine` says how to reach the container engine,
    if there is one.
    """

    digest: Digest
    immutable: FrozenDict[str, Digest]
    layers: tuple[str, ...]
    closure: tuple[StorePackage, ...]
    machine: Optional[MachineCache]


async def _inputs(image: AssembledImage, planned: ImageChecks, engine: Engine) -> _Inputs:
    checks, field_set = planned.checks, planned.image
    digests = [await Get(Digest, DigestSubset(image.digest, PathGlobs([CONFIG_FILE])))]
    immutable: FrozenDict[str, Digest] = FrozenDict()
    layers: tuple[str, ...] = ()
    if checks.need_layers:
        placed = await place_layers(image.layers)
        immutable, layers = placed.immutable_inputs, placed.blobs
    closure: tuple[StorePackage, ...] = ()
    if checks.absent:
        built = await Get(ImageLayers, ImageLayersRequest(field_set))
        closure = tuple(member.package for member in built.closure)
    machine: Optional[MachineCache] = None
    if checks.commands and engine is not Engine.NONE:
        # Without a name, because the engine may have another image of that name.
        archive = await Get(ImageArchive, ImageArchiveRequest(field_set, named=False))
        digests.append(archive.digest)
        machine = await Get(EngineMachine)
    digest = await Get(Digest, MergeDigests(digests))
    return _Inputs(digest, immutable, layers, closure, machine)


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
    test = TestResult.from_fallible_process_result(
        result, field_set.address, test_subsystem.output, xml_results=report
    )
    if test.exit_code == USER_ERROR:
        return replace(test, stderr=error_sentence(test.stderr))
    return test


def _untested(
    field_set: ImageTestFieldSet, sentence: str, test_subsystem: TestSubsystem
) -> TestResult:
    """There is no image to test, or the test is invalid."""
    return TestResult(
        exit_code=USER_ERROR,
        stdout="",
        stdout_digest=EMPTY_FILE_DIGEST,
        stderr=sentence,
        stderr_digest=EMPTY_FILE_DIGEST,
        addresses=(field_set.address,),
        output_setting=test_subsystem.output,
        result_metadata=None,
    )


@rule(desc="Test an image", level=LogLevel.DEBUG)
async def test_image(
    batch: ImageTestRequest.Batch[ImageTestFieldSet, Any], test_subsystem: TestSubsystem
) -> TestResult:
    field_set = batch.single_element
    engine = field_set.engine.engine
    try:
        planned = await plan_checks(field_set)
        image = await Get(AssembledImage, AssembledImageRequest(planned.image))
        inputs = await _inputs(image, planned, engine)
    except TargetError as error:
        # An error would lose the results of other tests.
        return _untested(field_set, str(error), test_subsystem)
    request = CheckRequest(
        name=str(field_set.address),
        checks=planned.checks,
        config=CONFIG_FILE,
        layers=inputs.layers,
        compressed_size=sum(layer.size for layer in image.description.layers),
        closure=inputs.closure,
        engine=engine,
        archive=ARCHIVE_FILE,
        ids=(str(image.description.image.id), str(image.description.image.digest)),
        timeout=field_set.timeout.calculate_from_global_options(test_subsystem),
    )
    scope = ProcessCacheScope.PER_SESSION if test_subsystem.force else ProcessCacheScope.SUCCESSFUL
    program = await Get(
        ProgramProcess,
        ProgramRequest(
            module="lading.checks.check_main",
            request=to_json(request),
            arguments=(LIBZSTD, _JUNIT_FILE),
            inputs=inputs.digest,
            immutable_inputs=inputs.immutable,
            output_files=(_JUNIT_FILE,),
            machine=inputs.machine,
            cache_scope=scope,
            description=f"Testing {planned.image.address}",
            subject=field_set.subject,
        ),
    )
    result = await Get(FallibleProcessResult, Process, program.process)
    return await _test_result(result, field_set, test_subsystem)


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), *ImageTestRequest.rules()]
