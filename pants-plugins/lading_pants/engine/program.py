"""Runs a module of `lading` as a Pants process whose cache entry all machines share."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Mapping, Optional

from pants.engine.fs import CreateDigest, Digest, FileContent, MergeDigests
from pants.engine.internals.session import RunId
from pants.engine.process import (
    FallibleProcessResult,
    Process,
    ProcessCacheScope,
    ProcessResultMetadata,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.runtime import program_files
from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.machine import MACHINE_DIR
from lading.runtime.program import USER_ERROR, error_sentence
from lading_pants.engine.machine import MachineCache
from lading_pants.errors import TargetError

logger = logging.getLogger(__name__)

#: The file with a program's request.
REQUEST_FILE = "request.json"

#: The append-only cache that every program has at `CACHE_DIR`.
CACHE_NAME = "lading"

# Of the machine, only /bin/sh is in the argv. The interpreter is Pants' own if the machine
# directory exists; a remote worker uses whatever Python it has.
_FIND_PYTHON = f"""\
[ -x "$python" ] || python=$(PATH=/usr/local/bin:/usr/bin:/bin command -v python3) || {{
  echo "lading: error: there is no python3 in /usr/local/bin, /usr/bin or /bin: install one." >&2
  exit {USER_ERROR}
}}"""
_RUN = f"""
python={MACHINE_DIR}/python
{_FIND_PYTHON}
exec "$python" -B -m "$@"
"""

#: The beginning of the argv of a process in the sandbox. The module and its arguments follow.
RUN_IN_SANDBOX = ("/bin/sh", "-c", _RUN, "sh")

# It runs in another directory than the sandbox, so that nothing is imported from there.
_IMPORT_FROM_SANDBOX = (
    "import sys; sys.path[0] = sys.argv[1]; del sys.argv[:2]; "
    "import runpy; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)

#: The beginning of the argv of an interactive process that runs a module in the user's own
#: directory. The sandbox (`{chroot}`), the module and its arguments follow.
RUN_IN_WORKSPACE = (
    "/bin/sh",
    "-c",
    f"""
python=$1/{MACHINE_DIR}/python
{_FIND_PYTHON}
exec "$python" -B -c "{_IMPORT_FROM_SANDBOX}" "$@"
""",
    "sh",
)

# How long Pants waits for the remote cache before it also starts the process. With 0, its default,
# a process is started and killed again even if the cache has the result.
_SPECULATION_DELAY_MILLIS = 1000


@dataclass(frozen=True)
class ProgramRequest:
    """A module that ends in `lading.runtime.program.run(main)`, and its input.

    `description` and `subject` are not in the cache key.
    """

    module: str
    #: Files below the sandbox's root.
    inputs: Digest
    description: str
    #: What a user's mistake is about, such as "`store_package` //3rdparty/redis".
    subject: str
    #: JSON that is put at `REQUEST_FILE`, which then precedes the `arguments`.
    request: Optional[str] = None
    arguments: tuple[str, ...] = ()
    output_files: tuple[str, ...] = ()
    output_directories: tuple[str, ...] = ()
    #: Directories to big inputs, which Pants links instead of copying.
    immutable_inputs: FrozenDict[str, Digest] = FrozenDict()
    #: In addition to those that every program has.
    append_only_caches: FrozenDict[str, str] = FrozenDict()
    #: Replaces the machine directory that most programs get.
    machine: Optional[MachineCache] = None
    cache_scope: ProcessCacheScope = ProcessCacheScope.SUCCESSFUL
    level: LogLevel = LogLevel.INFO


@dataclass(frozen=True)
class ProgramResult:
    """The program's declared outputs, and what it wrote to standard error."""

    digest: Digest
    stderr: str


@dataclass(frozen=True)
class ProgramProcess:
    """The process for a request, for callers who check its status themselves."""

    process: Process
    machine: MachineCache


@dataclass(frozen=True)
class ProgramDigest:
    """The source files of a program, below the sandbox's root, by module."""

    digest: Digest


@dataclass(frozen=True)
class ProgramDigestRequest:
    module: str


@rule
async def program_digest(request: ProgramDigestRequest) -> ProgramDigest:
    files = program_files.program_files(request.module)
    digest = await Get(
        Digest, CreateDigest(FileContent(path, content) for path, content in files.items())
    )
    return ProgramDigest(digest)


@rule
async def program_process(request: ProgramRequest) -> ProgramProcess:
    files, arguments = [], request.arguments
    if request.request is not None:
        files.append(FileContent(REQUEST_FILE, request.request.encode("utf-8")))
        arguments = (REQUEST_FILE, *arguments)
    machine = request.machine
    if machine is None:
        machine = await Get(MachineCache)
    program, request_digest = await MultiGet(
        Get(ProgramDigest, ProgramDigestRequest(request.module)),
        Get(Digest, CreateDigest(files)),
    )
    digest = await Get(Digest, MergeDigests((program.digest, request_digest, request.inputs)))
    return ProgramProcess(
        Process(
            argv=(*RUN_IN_SANDBOX, request.module, *arguments),
            input_digest=digest,
            immutable_input_digests=request.immutable_inputs,
            append_only_caches=_caches(machine, request.append_only_caches),
            output_files=request.output_files,
            output_directories=request.output_directories,
            cache_scope=request.cache_scope,
            description=request.description,
            level=request.level,
            remote_cache_speculation_delay_millis=_SPECULATION_DELAY_MILLIS,
        ),
        machine,
    )


@rule
async def run_program(request: ProgramRequest) -> ProgramResult:
    program = await Get(ProgramProcess, ProgramRequest, request)
    result = await Get(FallibleProcessResult, Process, program.process)
    check_success(result, request.module, request.subject, program.machine)
    return ProgramResult(result.output_digest, result.stderr.decode("utf-8", "replace"))


def check_success(
    result: FallibleProcessResult, module: str, subject: str, machine: MachineCache
) -> None:
    """Raises `TargetError` about `subject` if the program failed: with the program's own sentence,
    or as a bug in Lading with its whole output. What it logged is shown with `-ldebug`, unless the
    result is from a cache, where it is from another time."""
    stderr = result.stderr.decode("utf-8", "replace")
    source = result.metadata.source(RunId(result.metadata.source_run_id))
    if stderr and machine.debug and source is ProcessResultMetadata.Source.RAN:
        # A daemon keeps the level with which it was started.
        logger.info("%s: `%s` says:\n%s", subject, module, stderr.rstrip())
    if result.exit_code == USER_ERROR:
        raise TargetError(f"{subject}: {error_sentence(stderr)}")
    if result.exit_code:
        raise TargetError(
            f"{subject}: `{module}` failed with status {result.exit_code}, which is a bug in "
            f"Lading or a problem of this machine. Its output:\n{stderr}"
        )


def _caches(machine: MachineCache, others: Mapping[str, str]) -> dict[str, str]:
    return {machine.name: MACHINE_DIR, CACHE_NAME: CACHE_DIR, **others}
