from __future__ import annotations

from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import collect_rules
from pants.testutil.rule_runner import RuleRunner, engine_error, mock_console

from lading.values.digest import Sha256
from lading_pants.engine import lading_cache, machine, program
from lading_pants.engine.lading_cache import LadingCache
from lading_pants.errors import TargetError


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[
            *collect_rules(lading_cache, machine, program),
            *PythonRepos.rules(),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def run(runner: RuleRunner, *arguments: str) -> int:
    with mock_console(runner.options_bootstrapper):
        return runner.run_goal_rule(LadingCache, args=arguments).exit_code


def test_the_exit_status_tells_whether_something_is_damaged(
    runner: RuleRunner, tmp_path: Path
) -> None:
    assert run(runner) == 0
    download = tmp_path / "lading" / "downloads" / Sha256.of(b"whole").hex
    download.parent.mkdir()
    download.write_bytes(b"whole")
    assert run(runner) == 0
    download.write_bytes(b"whale")
    assert run(runner) == 1
    assert run(runner, "--repair") == 0
    assert not download.exists()
    assert run(runner, "--remove-unused-days=30") == 0


def test_a_number_of_days_that_can_t_be(runner: RuleRunner) -> None:
    with engine_error(TargetError, contains="`[lading-cache].remove_unused_days` is -1: set it"):
        run(runner, "--remove-unused-days=-1")
