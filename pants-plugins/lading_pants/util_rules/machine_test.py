from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading_pants.errors import TargetError
from lading_pants.util_rules import machine
from lading_pants.util_rules.machine import MachineCache, cache_name


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[*machine.rules(), *PythonRepos.rules(), QueryRule(MachineCache, [])],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={tmp_path}"],
    )


def facts(directory: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((directory / "machine.json").read_text())
    return found


def test_the_interpreter_can_import_requests(runner: RuleRunner, tmp_path: Path) -> None:
    cache = runner.request(MachineCache, [])
    finished = subprocess.run(
        [tmp_path / cache.name / "python", "-B", "-c", "import requests; print('it can')"],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={},
    )
    assert finished.stdout == "it can\n"


def test_what_leads_to_the_network_is_noted(runner: RuleRunner, tmp_path: Path) -> None:
    runner.set_options(
        [
            "--lading-debian-mirrors=['https://mirror.example/debian']",
            "--python-repos-indexes=['https://index.example/simple/']",
            "--python-repos-find-links=['/srv/wheels']",
        ],
        env={"HOME": "/home/me", "https_proxy": "http://proxy.example", "EDITOR": "ed"},
    )
    directory = tmp_path / runner.request(MachineCache, []).name
    found = facts(directory)
    assert found["environment"] == {"HOME": "/home/me", "https_proxy": "http://proxy.example"}
    assert found["debian_mirrors"] == ["https://mirror.example/debian"]
    assert found["python_indexes"] == ["https://index.example/simple/"]
    assert found["python_find_links"] == ["/srv/wheels"]
    # A proxy's address may hold a password.
    assert (directory / "machine.json").stat().st_mode & 0o777 == 0o600


def test_a_proxy_s_password_is_no_argument(tmp_path: Path) -> None:
    """Arguments are seen by all users of the machine, and a remote cache keeps them."""
    sandboxes = tmp_path / "sandboxes"
    sandboxes.mkdir()
    runner = RuleRunner(
        rules=[*machine.rules(), *PythonRepos.rules(), QueryRule(MachineCache, [])],
        isolated_local_store=True,
        bootstrap_args=[
            f"--named-caches-dir={tmp_path / 'caches'}",
            f"--local-execution-root-dir={sandboxes}",
            "--keep-sandboxes=always",
        ],
    )
    runner.set_options([], env={"https_proxy": "http://me:secret@proxy.example"})
    name = runner.request(MachineCache, []).name
    environment = facts(tmp_path / "caches" / name)["environment"]
    assert environment == {"https_proxy": "http://me:secret@proxy.example"}
    # What Pants leaves in a kept sandbox to run the process again has its arguments.
    (script,) = sandboxes.glob("*/__run.sh")
    assert "copyfileobj" in script.read_text()
    assert "secret" not in script.read_text()


def test_pants_own_default_index_is_no_ones_decision(runner: RuleRunner, tmp_path: Path) -> None:
    found = facts(tmp_path / runner.request(MachineCache, []).name)
    assert found["python_indexes"] == []


def test_other_facts_are_another_directory(runner: RuleRunner) -> None:
    names = set()
    for home in ("/home/me", "/home/you", "/home/me"):
        runner.set_options([], env={"HOME": home})
        names.add(runner.request(MachineCache, []).name)
    assert len(names) == 2


def test_what_differs_between_terminals_is_not_noted(runner: RuleRunner) -> None:
    names = set()
    for terminal in ("1", "2"):
        variables = {"PATH": f"/venv{terminal}/bin", "DBUS_SESSION_BUS_ADDRESS": terminal}
        runner.set_options([], env={"HOME": "/home/me", **variables})
        names.add(runner.request(MachineCache, []).name)
    assert len(names) == 1


def test_without_requests_the_remedy_is_told(
    runner: RuleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with engine_error(TargetError, contains="add `requests` to `[GLOBAL].plugins` in pants.toml."):
        runner.request(MachineCache, [])


def test_names_of_caches_are_such_as_pants_wants() -> None:
    names = {cache_name("lading", str(number)) for number in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"lading_[a-p]{16}", name) for name in names)
