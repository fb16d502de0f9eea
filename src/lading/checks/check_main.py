"""Test an image: `check_main REQUEST LIBZSTD JUNIT`.

REQUEST is the JSON of `CheckRequest`. The report is written to standard output, and as XML to
JUNIT; the status is 1 if a check fails.
"""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

from lading.checks.checks import Checks
from lading.checks.command_result import CommandResult
from lading.checks.dpkg import debian_packages, dpkg_files
from lading.checks.engine_run import EngineRun
from lading.checks.layered_files import LayeredFiles
from lading.checks.namespace_run import NamespaceRun
from lading.checks.outcome import Outcome
from lading.checks.report import junit_report, text_report
from lading.checks.visible_files import VisibleFiles
from lading.engines.container_engine import ContainerEngine, Engine
from lading.image.config.runtime_config import RuntimeConfig
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.root.account_files import ACCOUNT_FILES
from lading.namespaces.limits import Limits
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.store.package import StorePackage
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class CheckRequest:
    """`config` is a file; `layers` are blobs, lowest first, or empty if none of `checks` needs
    them. `compressed_size` is in bytes; `closure` is what the store has.

    Unless `engine` is `NONE`, `archive` is the image's, and `ids` are the ids that the engine may
    give it. `timeout` is in seconds, for all commands together. `name` is the test's.
    """

    name: str
    checks: Checks
    config: str
    layers: Tuple[str, ...]
    compressed_size: int
    closure: Tuple[StorePackage, ...]
    engine: Engine
    archive: str
    ids: Tuple[str, ...]
    timeout: Optional[int]


def main(argv: List[str]) -> None:
    request_file, libzstd, junit = argv
    request = read_json(CheckRequest, Path(request_file))
    config = RuntimeConfig.from_json(Path(request.config).read_text(encoding="utf-8"))
    request = replace(request, checks=request.checks.expanded(config.env))
    blobs = tuple(Path(layer).absolute() for layer in request.layers)
    layers = LayerBlobs(blobs, str(Path(libzstd).absolute()))
    outcomes = list(_outcomes(request, layers, config))
    Path(junit).write_text(junit_report(request.name, outcomes), encoding="utf-8")
    # In UTF-8, whatever the locale.
    sys.stdout.buffer.write(text_report(outcomes).encode("utf-8", "surrogateescape"))
    sys.stdout.flush()
    if not all(outcome.passed for outcome in outcomes):
        sys.exit(1)


def _outcomes(
    request: CheckRequest, layers: LayerBlobs, config: RuntimeConfig
) -> Iterator[Outcome]:
    checks = request.checks
    layered = LayeredFiles(layers)
    files = _with_contents(layered, checks)
    accounts = files.accounts
    results: Sequence[CommandResult] = ()
    if checks.commands and request.engine is Engine.NONE:
        work = Path("work").absolute()
        work.mkdir(mode=0o700)  # other users could run setuid files in the image
        run = NamespaceRun(layers, config, accounts, work, _timeout(request))
        results = run.run(checks.commands)
    elif checks.commands:
        results = _run_in_engine(request)
    for command, result in zip(checks.commands, results):
        yield command.judge(result)
    for file in checks.files:
        yield file.judge(files, accounts)
    for entry in checks.config:
        yield entry.judge(config, accounts)
    for license in checks.licenses:
        yield license.judge(files)
    debian = debian_packages(files)
    for absence in checks.absent:
        yield absence.judge(request.closure, debian)
    for limit in checks.unpacked:
        yield limit.judge(layered.size)
    for limit in checks.compressed:
        yield limit.judge(request.compressed_size)


def _with_contents(layered: LayeredFiles, checks: Checks) -> VisibleFiles:
    """With the file contents that checks read."""
    files = VisibleFiles(layered.files)
    wanted = {key for path in ACCOUNT_FILES if (key := files.find_file(path)) is not None}
    wanted.update(dpkg_files(files))
    wanted.update(key for check in checks.files for key in check.wanted(files))
    wanted.update(key for check in checks.licenses for key in check.wanted(files))
    return replace(files, contents=layered.contents(wanted))


def _timeout(request: CheckRequest) -> int:
    return Limits().timeout if request.timeout is None else request.timeout


def _run_in_engine(request: CheckRequest) -> Sequence[CommandResult]:
    engine = ContainerEngine.find(
        request.engine,
        Machine.load().environment,
        "leave `engine` out to run commands in namespaces",
    )
    run = EngineRun(engine)
    with run.loaded(Path(request.archive), request.ids) as name:
        end = time.monotonic() + _timeout(request)
        return [run.run(name, check, end) for check in request.checks.commands]


if __name__ == "__main__":
    run(main)
