"""Needs the network: the library comes from the Debian archive."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from lading.image.compressor import LIBRARY
from lading.image.deflate import Deflate
from lading_pants.util_rules import compressor, fetch, machine, platform, program
from lading_pants.util_rules.compressor import Compressor


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *compressor.rules(),
            *fetch.rules(),
            *machine.rules(),
            *platform.rules(),
            *program.rules(),
            *PythonRepos.rules(),
            QueryRule(Compressor, []),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def test_the_compressor_is_a_library_that_loads(runner: RuleRunner) -> None:
    runner.write_digest(runner.request(Compressor, []).digest)
    library = Path(runner.build_root, LIBRARY)
    assert library.is_file() and not library.is_symlink()
    assert ctypes.CDLL(str(library)).libdeflate_alloc_compressor
    with Deflate(str(library)) as deflate:
        assert deflate
