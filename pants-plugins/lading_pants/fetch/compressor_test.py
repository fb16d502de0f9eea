"""Needs the network: the library comes from the Debian archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.compression.layer_compression import LIBRARY, open_compressor
from lading.compression.layer_media_type import GZIP_MEDIA_TYPE, ZSTD_MEDIA_TYPE
from lading_pants.engine import machine, platform, program
from lading_pants.errors import TargetError
from lading_pants.fetch import compressor, fetch, pinned_library
from lading_pants.fetch.compressor import Compressor


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(compressor, fetch, machine, pinned_library, platform, program),
            *PythonRepos.rules(),
            QueryRule(Compressor, []),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


@pytest.mark.parametrize(
    ("options", "media_type"),
    [
        ([], GZIP_MEDIA_TYPE),
        (["--lading-compression=zstd", "--lading-compression-level=3"], ZSTD_MEDIA_TYPE),
    ],
)
def test_the_compressor_is_a_library_that_loads(
    runner: RuleRunner, options: list[str], media_type: str
) -> None:
    runner.set_options(options, env_inherit={"PATH"})
    runner.write_digest(runner.request(Compressor, []).digest)
    library = Path(runner.build_root, LIBRARY)
    assert library.is_file() and not library.is_symlink()
    with open_compressor(str(library)) as opened:
        assert opened.media_type == media_type


def test_a_level_that_there_is_not(runner: RuleRunner) -> None:
    runner.set_options(["--lading-compression-level=13"])
    with engine_error(TargetError, contains="`[lading]`: `compression_level` is 13, but gzip has"):
        runner.request(Compressor, [])
