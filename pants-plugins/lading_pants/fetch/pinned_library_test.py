"""Needs the network: the library comes from the Debian archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.fs import Digest
from pants.engine.rules import QueryRule, collect_rules, rule
from pants.testutil.rule_runner import RuleRunner
from pants.util.frozendict import FrozenDict

from lading.compression.zstd import ZstdDecompressor
from lading_pants.engine import machine, platform, program
from lading_pants.fetch import fetch, pinned_library
from lading_pants.fetch.pinned_library import LIBZSTD, libzstd_inputs

#: Of RFC 8878: a frame with one raw block.
FRAME = bytes.fromhex("28b52ffd 2002 110000 6869")


@dataclass(frozen=True)
class _InputsRequest:
    is_needed: bool


@dataclass(frozen=True)
class _Inputs:
    directories: FrozenDict[str, Digest]


@rule
async def find_inputs(request: _InputsRequest) -> _Inputs:
    return _Inputs(await libzstd_inputs(request.is_needed))


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(fetch, machine, pinned_library, platform, program),
            *PythonRepos.rules(),
            find_inputs,
            QueryRule(_Inputs, [_InputsRequest]),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def test_the_library_decompresses(runner: RuleRunner) -> None:
    inputs = runner.request(_Inputs, [_InputsRequest(is_needed=True)])
    for directory, digest in inputs.directories.items():
        runner.write_digest(digest, path_prefix=directory)
    library = Path(runner.build_root, LIBZSTD)
    assert library.is_file() and not library.is_symlink()
    with ZstdDecompressor(str(library)) as decompressor:
        assert b"".join(decompressor.decompress(FRAME)) == b"hi"
