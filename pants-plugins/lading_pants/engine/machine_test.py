from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.rules import QueryRule, collect_rules
from pants.testutil.rule_runner import RuleRunner, engine_error

from lading.runtime.machine import Machine
from lading_pants.engine import machine
from lading_pants.engine.machine import MachineCache, cache_name
from lading_pants.errors import TargetError


@pytest.fixture
def runner(tmp_path: Path) -> RuleRunner:
    return RuleRunner(
        rules=[*collect_rules(machine), *PythonRepos.rules(), QueryRule(MachineCache, [])],
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
    # A proxy's address may contain a password.
    assert (directory / "machine.json").stat().st_mode & 0o777 == 0o600


def test_a_secret_is_nowhere_but_in_a_file_of_the_user_s_own(tmp_path: Path) -> None:
    """Everybody can read Pants' store, and its content goes to remote caches."""
    runner = RuleRunner(
        rules=[*collect_rules(machine), *PythonRepos.rules(), QueryRule(MachineCache, [])],
        bootstrap_args=[
            f"--named-caches-dir={tmp_path / 'caches'}",
            f"--local-store-dir={tmp_path / 'store'}",
            f"--local-execution-root-dir={tmp_path / 'sandboxes'}",
            "--keep-sandboxes=always",
        ],
    )
    runner.set_options(
        [
            "--python-repos-indexes=['https://me:s3cret@index.example/simple/']",
            "--python-repos-find-links=['https://me:s3cret@links.example/']",
            "--lading-debian-mirrors=['https://me:s3cret@mirror.example/debian']",
        ],
        env={
            "https_proxy": "http://me:s3cret@proxy.example",
            "PIP_EXTRA_INDEX_URL": "https://me:s3cret@index.example/simple/",
        },
    )
    directory = tmp_path / "caches" / runner.request(MachineCache, []).name
    everything = [path for root in (tmp_path, Path(runner.build_root)) for path in root.rglob("*")]
    holders = [path for path in everything if path.is_file() and b"s3cret" in path.read_bytes()]
    assert holders == [directory / "machine.json"]
    assert directory.stat().st_mode & 0o777 == 0o700
    assert holders[0].stat().st_mode & 0o777 == 0o600
    assert holders[0].read_text().count("s3cret") == 5


def test_a_secret_is_not_in_what_pants_logs_of_a_request() -> None:
    request = machine.machine_files("lading", Machine({"https_proxy": "http://me:s3cret@host"}))
    assert "s3cret" in request.files["machine.json"]
    assert "s3cret" not in repr(request)


def test_the_name_of_a_directory_does_not_tell_a_secret(runner: RuleRunner, tmp_path: Path) -> None:
    name = runner.request(MachineCache, []).name
    (tmp_path / "lading_machine.key").unlink()
    runner.set_options([])
    assert runner.request(MachineCache, []).name != name, "it can't be found by guessing"
    assert (tmp_path / "lading_machine.key").stat().st_mode & 0o777 == 0o600


def test_what_is_removed_while_pants_runs_is_there_in_the_next_run(
    runner: RuleRunner, tmp_path: Path
) -> None:
    name = runner.request(MachineCache, []).name
    removals: tuple[Callable[[], object], ...] = (
        lambda: shutil.rmtree(tmp_path / name),
        lambda: (tmp_path / name / "python").unlink(),
        lambda: (tmp_path / name / "machine.json").write_text("damaged"),
        lambda: (tmp_path / name / "machine.json").chmod(0o644),
    )
    for remove in removals:
        remove()
        runner.set_options([])
        assert runner.request(MachineCache, []).name == name
        assert "python_indexes" not in facts(tmp_path / name)
        assert (tmp_path / name / "python").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / name / "machine.json").stat().st_mode & 0o777 == 0o600


def test_pants_own_default_index_is_no_ones_decision(runner: RuleRunner, tmp_path: Path) -> None:
    found = facts(tmp_path / runner.request(MachineCache, []).name)
    assert "python_indexes" not in found


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
    names = {cache_name("lading", b"%d" % number, b"key") for number in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"lading_[a-p]{16}", name) for name in names)
