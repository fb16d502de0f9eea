"""The parts of a `pex_binary`: its wheels, its sources and its entry point."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Iterable, Optional

from pants.backend.python.goals import package_pex_binary
from pants.backend.python.goals.package_pex_binary import (
    PexBinaryFieldSet,
    PexFromTargetsRequestForBuiltPackage,
)
from pants.backend.python.subsystems.setuptools import PythonDistributionFieldSet
from pants.backend.python.target_types import ConsoleScript, EntryPoint, PexLayout
from pants.backend.python.target_types_rules import rules as python_target_rules
from pants.backend.python.util_rules import local_dists, pex_from_targets, python_sources
from pants.backend.python.util_rules.interpreter_constraints import InterpreterConstraints
from pants.backend.python.util_rules.local_dists import LocalDistsPex, LocalDistsPexRequest
from pants.backend.python.util_rules.pex import Pex
from pants.backend.python.util_rules.pex_cli import PexCliProcess
from pants.backend.python.util_rules.pex_from_targets import (
    InterpreterConstraintsRequest,
    PexFromTargetsRequest,
)
from pants.backend.python.util_rules.python_sources import (
    PythonSourceFiles,
    PythonSourceFilesRequest,
    StrippedPythonSourceFiles,
)
from pants.engine.addresses import Address
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    DigestEntries,
    DigestSubset,
    FileContent,
    FileEntry,
    MergeDigests,
    PathGlobs,
    Snapshot,
)
from pants.engine.process import FallibleProcessResult
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import (
    TransitiveTargets,
    TransitiveTargetsRequest,
    WrappedTarget,
    WrappedTargetRequest,
)
from pants.engine.unions import UnionRule
from pants.util.logging import LogLevel

from lading.python.image_python import ImagePython
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading_pants.errors import TargetError
from lading_pants.python.complete_platform import complete_platform

_REQUIREMENTS = "requirements.pex"
_WHEELS = f"{_REQUIREMENTS}/.deps/"
_PEX_INFO = "PEX-INFO"
_PLATFORM, _ACTIVATED = "platform.json", "activated.pex"

# pex's messages about missing distributions and the alternatives that exist: `pex/environment.py`,
# `PEXEnvironment._resolve` and `_root_requirements_iter`.
_UNAVAILABLE = re.compile(r"^A distribution for (?P<project>\S+) could not be resolved", re.M)
_OTHER = re.compile(
    r"(?:wheel tags for .+ are (?P<tags>\S+)|a python requirement of (?P<python>.+?)) "
    r"which do(?:es)? not match"
)
_MISSING = re.compile(r"^ *[0-9]+: (?P<requirement>.+)(?:\n +Required by:\n +(?P<by>.+))?", re.M)
_MOST_SHOWN = 5

# In characters.
_LONGEST_REASON = 600

# The only option of a PEX that affects which wheels it gets.
_RESOLVING = "--resolve-local-platforms"


@dataclass(frozen=True)
class PexTarget:
    field_set: PexBinaryFieldSet
    origin: str


@dataclass(frozen=True)
class PexMain:
    """Either an `entry_point` (`module:function` or `module`), or the name of a `script`."""

    entry_point: Optional[str]
    script: Optional[str]
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PexParts:
    """Wheels depend only on the requirements: a changed source does not rebuild them, unless it
    belongs to a `python_distribution` among the dependencies."""

    main: PexMain
    #: File names, as PEX installs them, for all Pythons that the PEX supports; they lie in the PEX
    #: `requirements`.
    wheels: tuple[FileEntry, ...]
    requirements: Digest
    #: At the paths where Python finds them, without source roots.
    sources: Snapshot


@dataclass(frozen=True)
class PexSourcesRequest:
    """The sources of a PEX; `has_distributions` says whether it has a `python_distribution`."""

    whole: PexFromTargetsRequest
    has_distributions: bool


async def find_pex(address: Address, origin: str) -> PexTarget:
    """The `pex_binary` at an address; `origin` is the target and field that name it."""
    wrapped = await Get(WrappedTarget, WrappedTargetRequest(address, description_of_origin=origin))
    target = wrapped.target
    if not PexBinaryFieldSet.is_applicable(target):
        raise TargetError(
            f"{origin} names {target.address}, which is a `{target.alias}` target: name a "
            "`pex_binary`."
        )
    field_set = PexBinaryFieldSet.create(target)
    if field_set.entry_point.value is None and field_set.script.value is None:
        raise TargetError(
            f"{origin} names {target.address}, which runs nothing: set its `entry_point` "
            "or `script`."
        )
    return PexTarget(field_set, origin)


@rule
async def find_pex_parts(pex_target: PexTarget) -> PexParts:
    field_set = pex_target.field_set
    whole, transitive = await MultiGet(
        Get(PexFromTargetsRequestForBuiltPackage, PexBinaryFieldSet, field_set),
        Get(TransitiveTargets, TransitiveTargetsRequest([field_set.address])),
    )
    has_distributions = any(map(PythonDistributionFieldSet.is_applicable, transitive.closure))
    pex, sources = await MultiGet(
        Get(Pex, PexFromTargetsRequest, _wheels_alone(whole.request, has_distributions)),
        Get(PythonSourceFiles, PexSourcesRequest(whole.request, has_distributions)),
    )
    entries = await Get(DigestEntries, Digest, pex.digest)
    stripped = await Get(StrippedPythonSourceFiles, PythonSourceFiles, sources)
    return PexParts(
        main=_main(whole.request),
        wheels=tuple(
            FileEntry(entry.path[len(_WHEELS) :], entry.file_digest)
            for entry in entries
            if isinstance(entry, FileEntry) and entry.path.startswith(_WHEELS)
        ),
        requirements=pex.digest,
        sources=stripped.stripped_source_files.snapshot,
    )


async def activated_wheels(
    parts: PexParts, python: ImagePython, machine: str
) -> tuple[FileEntry, ...]:
    """The names of the `wheels` that the PEX activates when `python` runs it on `machine`. This is
    pex's own resolution, with dependencies and their markers. Raises `LadingError` for what the PEX
    lacks."""
    if not parts.wheels:
        return ()
    described = complete_platform(python.minor, python.micro, machine)
    (info,), platform = await MultiGet(
        Get(
            DigestContents,
            DigestSubset(parts.requirements, PathGlobs([f"{_REQUIREMENTS}/{_PEX_INFO}"])),
        ),
        Get(Digest, CreateDigest([FileContent(_PLATFORM, described)])),
    )
    process = PexCliProcess(
        subcommand=(),
        extra_args=(
            *("--pex-repository", _REQUIREMENTS, "--complete-platform", _PLATFORM),
            # Only its list of wheels is needed, not their bytes.
            *("--layout", PexLayout.PACKED.value, "--output-file", _ACTIVATED),
            *json.loads(info.content)["requirements"],
        ),
        additional_input_digest=await Get(Digest, MergeDigests((parts.requirements, platform))),
        output_files=(f"{_ACTIVATED}/{_PEX_INFO}",),
        description=f"Choosing wheels for CPython 3.{python.minor}",
        level=LogLevel.DEBUG,
    )
    result = await Get(FallibleProcessResult, PexCliProcess, process)
    if result.exit_code:
        raise LadingError(_lacking(result.stderr.decode("utf-8", "replace"), python, machine))
    (activated,) = await Get(DigestContents, Digest, result.output_digest)
    names = json.loads(activated.content)["distributions"]
    return tuple(wheel for wheel in parts.wheels if wheel.path in names)


def _lacking(words: str, python: ImagePython, machine: str) -> str:
    missing = [printable(shown(match["project"])) for match in _UNAVAILABLE.finditer(words)]
    for match in _MISSING.finditer(words):
        by = f" (required by {match['by']})" if match["by"] else ""
        missing.append(printable(shown(match["requirement"] + by)))
    reason = f"it has no wheel of {', '.join(missing[:_MOST_SHOWN])}"
    if len(missing) > _MOST_SHOWN:
        reason += f" and {len(missing) - _MOST_SHOWN} more"
    others = [match["tags"] or f"Python {match['python']}" for match in _OTHER.finditer(words)]
    if others:
        reason += f", but for {printable(shown(' and '.join(others[:_MOST_SHOWN])))}"
    if not missing:
        reason = printable(" ".join(words.split()))[:_LONGEST_REASON].rstrip(".")
    return (
        f"`pex` does not run on CPython 3.{python.minor} for Linux on {machine}, which is what the "
        f"image has: {reason}. Add that Python to the `complete_platforms` of the PEX, or to the "
        "`interpreter_constraints` of it and of what it depends on."
    )


@rule
async def find_pex_sources(request: PexSourcesRequest) -> PythonSourceFiles:
    """The sources without those that a `python_distribution` provides as a wheel."""
    whole = request.whole
    if not whole.include_source_files:
        return PythonSourceFiles.empty()
    transitive = await Get(TransitiveTargets, TransitiveTargetsRequest(whole.addresses))
    sources = await Get(PythonSourceFiles, PythonSourceFilesRequest(transitive.closure))
    if not request.has_distributions:
        return sources
    constraints = await Get(
        InterpreterConstraints,
        InterpreterConstraintsRequest,
        whole.to_interpreter_constraints_request(),
    )
    built = await Get(
        LocalDistsPex,
        LocalDistsPexRequest(
            whole.addresses,
            internal_only=False,
            interpreter_constraints=constraints,
            sources=sources,
        ),
    )
    return built.remaining_sources


def _wheels_alone(whole: PexFromTargetsRequest, has_distributions: bool) -> PexFromTargetsRequest:
    """A PEX without sources, with each wheel in its own file."""
    return PexFromTargetsRequest(
        addresses=whole.addresses,
        output_filename=_REQUIREMENTS,
        internal_only=False,
        layout=PexLayout.PACKED,
        platforms=whole.platforms,
        complete_platforms=whole.complete_platforms,
        additional_args=tuple(arg for arg in whole.additional_args if arg == _RESOLVING),
        include_source_files=False,
        include_requirements=whole.include_requirements,
        include_local_dists=has_distributions,
    )


def _main(pex: PexFromTargetsRequest) -> PexMain:
    args, env = pex.inject_args, tuple(sorted(pex.inject_env.items()))
    if isinstance(pex.main, EntryPoint):
        return PexMain(pex.main.spec, None, args, env)
    assert isinstance(pex.main, ConsoleScript), "one of the two fields is set"
    return PexMain(None, pex.main.name, args, env)


def rules() -> Iterable[Rule | UnionRule]:
    return (
        *collect_rules(),
        # So that images with `pex` work whatever backends are enabled.
        *local_dists.rules(),
        *package_pex_binary.rules(),
        *pex_from_targets.rules(),
        *python_sources.rules(),
        *python_target_rules(),
    )
