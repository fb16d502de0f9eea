"""Needs the network: the library comes from the Debian archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner

from lading.compression.zstd import ZstdDecompressor
from lading.fetch.zstd_library import LIBRARY
from lading_pants.engine import machine, platform, program
from lading_pants.fetch import fetch, pinned_library, zstd_library
from lading_pants.fetch.zstd_library import ZstdLibrary

#: Of RFC 8878: a frame with one raw block.
FRAME = bytes.fromhex("28b52ffd 2002 110000 6869")


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *fetch.rules(),
            *machine.rules(),
            *pinned_library.rules(),
            *platform.rules(),
            *program.rules(),
            *zstd_library.rules(),
            *PythonRepos.rules(),
            QueryRule(ZstdLibrary, []),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def test_the_library_decompresses(runner: RuleRunner) -> None:
    runner.write_digest(runner.request(ZstdLibrary, []).digest)
    library = Path(runner.build_root, LIBRARY)
    assert library.is_file() and not library.is_symlink()
    with ZstdDecompressor(str(library)) as decompressor:
        assert b"".join(decompressor.decompress(FRAME)) == b"hi"
