"""The launcher ./pants, in a build root and a cache directory of its own."""

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Iterator, List, Mapping

import pytest
from conftest import BUILD_ROOT

LOCK = Path("3rdparty/python/pants.lock.txt")
UV_LOCK = LOCK.with_name("uv.lock.txt")

#: Nothing listens there, so that a bootstrap that reaches it fails at once.
DEAD_INDEX = "http://127.0.0.1:9/simple"

#: What stands for Pants where only what the launcher passes to it matters.
PRINT_ARGUMENTS_AND_ENVIRONMENT = '#!/bin/sh\nprintf "%s\\n" "$@"\n/usr/bin/env\n'


@dataclass(frozen=True)
class Launcher:
    """A build root with the launcher, and the environment that it is started in."""

    root: Path
    environ: Mapping[str, str]

    @property
    def cache(self) -> Path:
        return Path(self.environ["XDG_CACHE_HOME"], "lading")

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(self.root / "pants"), *arguments],
            cwd=self.root,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def having(self, **variables: str) -> "Launcher":
        return replace(self, environ={**self.environ, **variables})

    def lacking(self, *variables: str) -> "Launcher":
        left = {name: value for name, value in self.environ.items() if name not in variables}
        return replace(self, environ=left)

    def environments(self) -> List[Path]:
        """The directories of environments, whole or not."""
        return sorted(path for path in self.cache.glob("pants-*") if path.is_dir())


def _build_root(root: Path) -> Path:
    (root / LOCK).parent.mkdir(parents=True)
    shutil.copy(BUILD_ROOT / "pants", root / "pants")
    for lock in (LOCK, UV_LOCK):
        shutil.copy(BUILD_ROOT / lock, root / lock)
    (root / "pants.toml").write_text('[GLOBAL]\npants_version = "2.17.1"\npantsd = false\n')
    return root


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for pip, so that the index sends each package once."""
    return tmp_path_factory.mktemp("pip")


@pytest.fixture
def launcher(tmp_path: Path, downloads: Path) -> Launcher:
    """A launcher without an environment yet."""
    return _launcher(tmp_path, downloads)


def _launcher(directory: Path, downloads: Path) -> Launcher:
    environ: Dict[str, str] = {
        **os.environ,
        "XDG_CACHE_HOME": str(directory / "cache"),
        "PIP_CACHE_DIR": str(downloads),
        "PIP_RETRIES": "0",
    }
    return Launcher(_build_root(directory / "root"), environ)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Launcher:
    """A launcher whose environment was made by the first of two that were started at once, when a
    third one had been killed at it."""
    launcher = _launcher(tmp_path_factory.mktemp("ready"), downloads)
    _start_and_kill(launcher, signal.SIGKILL)
    assert len(launcher.environments()) == 1
    assert not any(launcher.cache.glob("pants-*/ready"))
    processes = [launcher.start("--version") for _ in range(2)]
    results = [process.communicate(timeout=300) for process in processes]
    assert [stdout for stdout, _ in results] == ["2.17.1\n", "2.17.1\n"], results
    assert [process.returncode for process in processes] == [0, 0]
    (launcher.root.parent / "stderr").write_text("".join(stderr for _, stderr in results))
    return launcher


@pytest.fixture
def telling(ready: Launcher, tmp_path: Path) -> Iterator[Launcher]:
    """A launcher that runs, instead of Pants, a script that prints how it was called."""
    environment = ready.environments()[0]
    telling = ready.having(XDG_CACHE_HOME=str(tmp_path / "cache"))
    copy = telling.cache / environment.name
    (copy / "bin").mkdir(parents=True)
    shutil.copy(environment / "ready", copy / "ready")
    (copy / "bin/python").symlink_to(environment / "bin/python")
    (copy / "bin/native_client").write_text(PRINT_ARGUMENTS_AND_ENVIRONMENT)
    (copy / "bin/native_client").chmod(0o755)
    yield telling


def test_of_two_started_at_once_one_makes_anew_what_a_killed_one_left(ready: Launcher) -> None:
    stderr = (ready.root.parent / "stderr").read_text()
    assert stderr.count("making Pants' environment in") == 1, stderr
    assert stderr.count("waiting for another ./pants") == 1, stderr
    assert len(ready.environments()) == 1


def test_once_made_the_environment_is_used_without_a_word(ready: Launcher) -> None:
    again = ready.having(PIP_INDEX_URL=DEAD_INDEX).run("--version")
    assert (again.returncode, again.stdout) == (0, "2.17.1\n")
    assert "./pants:" not in again.stderr


def test_a_made_environment_needs_one_program_of_the_host(
    telling: Launcher, tmp_path: Path
) -> None:
    # Neither Python nor pip nor git is started on the path of every run.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sha256sum").symlink_to("/usr/bin/sha256sum")
    output = telling.having(PATH=str(tmp_path / "bin")).run()
    assert (output.returncode, output.stderr) == (0, "")


def test_arguments_reach_pants_as_they_are(telling: Launcher) -> None:
    arguments = ("run", "a b", "", "*", "--", '"')
    assert telling.run(*arguments).stdout.split("\n")[: len(arguments)] == list(arguments)


def test_pants_is_told_the_pex_that_came_from_the_index(ready: Launcher, telling: Launcher) -> None:
    output = telling.run().stdout
    pex = telling.environments()[0] / "pex-cli/pex"
    real = ready.environments()[0] / "pex-cli/pex"
    digest = subprocess.run(["sha256sum", real], stdout=subprocess.PIPE, text=True, check=True)
    assert f"PANTS_PEX_CLI_URL_TEMPLATE=file:{pex}\n" in output
    assert f"v2.1.137|linux_x86_64|{digest.stdout.split()[0]}|{real.stat().st_size}'" in output


def test_the_plugins_of_pants_toml_are_those_that_the_environment_has(telling: Launcher) -> None:
    requests = next(
        line.split()[0]
        for line in (BUILD_ROOT / LOCK).read_text().splitlines()
        if line.startswith("requests==")
    )
    assert f"PANTS_PLUGINS=-['{requests}']\n" in telling.run().stdout
    assert f'plugins = ["{requests}"]\n' in (BUILD_ROOT / "pants.toml").read_text()


def test_pants_finds_a_python_that_uv_has_put_into_the_cache(telling: Launcher) -> None:
    assert str(telling.cache / "python") not in telling.run().stdout
    directory = telling.cache / "python/cpython-3.9.25-linux-x86_64-gnu/bin"
    directory.mkdir(parents=True)
    assert f"PATH={telling.environ['PATH']}:{directory}\n" in telling.run().stdout


class TestSettingsOfPip:
    INDEX = "https://index.example/simple"

    def test_of_the_environment(self, telling: Launcher) -> None:
        output = telling.having(PIP_INDEX_URL=self.INDEX, PIP_CERT="/etc/ca.pem").run().stdout
        assert f"PANTS_PYTHON_REPOS_INDEXES=['{self.INDEX}']\n" in output
        assert "PANTS_CA_CERTS_PATH=/etc/ca.pem\n" in output

    def test_of_the_configuration_file(self, telling: Launcher, tmp_path: Path) -> None:
        configuration = tmp_path / "config/pip/pip.conf"
        configuration.parent.mkdir(parents=True)
        configuration.write_text(f"[global]\ntimeout = 9\nindex-url = {self.INDEX}\n")
        user = telling.lacking("PIP_INDEX_URL", "PIP_CONFIG_FILE")
        output = user.having(XDG_CONFIG_HOME=str(tmp_path / "config")).run().stdout
        assert f"PANTS_PYTHON_REPOS_INDEXES=['{self.INDEX}']\n" in output

    def test_do_not_override_those_of_pants(self, telling: Launcher) -> None:
        pants = telling.having(PANTS_PYTHON_REPOS_INDEXES="[]", PANTS_CA_CERTS_PATH="/own.pem")
        output = pants.having(PIP_INDEX_URL=self.INDEX, PIP_CERT="/etc/ca.pem").run().stdout
        assert "PANTS_PYTHON_REPOS_INDEXES=[]\n" in output
        assert "PANTS_CA_CERTS_PATH=/own.pem\n" in output


def test_a_changed_pin_makes_another_environment(ready: Launcher, tmp_path: Path) -> None:
    changed = replace(ready, root=_build_root(tmp_path / "root"))
    with (changed.root / LOCK).open("a") as lock:
        lock.write("# another pin\n")
    # That it would be made is enough here; the index is out of reach.
    result = changed.having(PIP_INDEX_URL=DEAD_INDEX, PIP_NO_CACHE_DIR="1").run("--version")
    assert result.returncode == 1
    assert "making Pants' environment" in result.stderr
    assert ready.run("--version").returncode == 0


def test_an_environment_whose_python_is_gone_is_made_again(telling: Launcher) -> None:
    python = telling.environments()[0] / "bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.9")
    result = telling.having(PIP_INDEX_URL=DEAD_INDEX, PIP_NO_CACHE_DIR="1").run("--version")
    assert "making Pants' environment" in result.stderr


def test_a_failed_bootstrap_says_why_and_leaves_nothing(launcher: Launcher) -> None:
    result = launcher.having(PIP_INDEX_URL=DEAD_INDEX, PIP_NO_CACHE_DIR="1").run("--version")
    assert result.returncode == 1
    assert "No matching distribution found for ansicolors==1.1.8" in result.stderr
    log = next(launcher.cache.glob("*.log"))
    assert result.stderr.endswith(
        f"./pants: Pants' environment could not be made; the whole log is in {log}.\n"
    )
    assert launcher.environments() == []


def test_a_terminated_bootstrap_leaves_nothing(launcher: Launcher) -> None:
    _start_and_kill(launcher, signal.SIGTERM)
    assert launcher.environments() == []


def _start_and_kill(launcher: Launcher, signal_number: int) -> None:
    """Kill the bootstrap, with all it started, when it has pip and is installing Pants."""
    process = launcher.start("--version")
    deadline = time.monotonic() + 60
    while not any(launcher.cache.glob("pants-*/bin/pip3.9")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal_number)
    process.communicate(timeout=60)


class TestPython39:
    """The index is out of reach: how far the bootstrap gets shows which Python it found."""

    @pytest.fixture
    def without_python(self, launcher: Launcher, tmp_path: Path) -> Launcher:
        """PATH holds what the launcher needs but no Python, and no pyenv is there."""
        programs = tmp_path / "bin"
        programs.mkdir()
        for name in ("sh", "sha256sum", "mkdir", "flock", "rm", "tail", "uname"):
            (programs / name).symlink_to(f"/usr/bin/{name}")
        return launcher.lacking("PYENV_ROOT").having(
            PATH=str(programs),
            HOME=str(tmp_path / "home"),
            PIP_INDEX_URL=DEAD_INDEX,
            PIP_NO_CACHE_DIR="1",
        )

    @pytest.fixture
    def python(self, ready: Launcher) -> Path:
        return (ready.environments()[0] / "bin/python3.9").resolve()

    def test_missing_and_nothing_to_get_one_with(self, without_python: Launcher) -> None:
        result = without_python.run("--version")
        assert result.returncode == 1
        assert result.stderr == (
            "./pants: Pants 2.17 runs on Python 3.9, and no Python 3.9 with its venv module was "
            "found on PATH, among pyenv's versions (PYENV_ROOT, ~/.pyenv) or uv's. To download "
            "one, a python3 with its venv module is needed, which was not found on PATH either: "
            "install it, for example with 'apt-get install python3-venv'.\n"
        )
        assert without_python.environments() == []

    def test_missing_and_uv_downloads_one(
        self, without_python: Launcher, python: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "bin/python3").symlink_to(python)
        mirror = _mirror_of_pythons(tmp_path / "mirror", python)
        of_tests = {name: os.environ[name] for name in ["PIP_INDEX_URL"] if name in os.environ}
        online = without_python.lacking("PIP_INDEX_URL", "PIP_NO_CACHE_DIR").having(**of_tests)
        got = online.having(**mirror).run("--version")
        (found,) = online.cache.glob("python/cpython-3.9.*/bin/python3.9")
        assert f"no Python 3.9 was found; uv downloads one to {online.cache}/python\n" in got.stderr
        assert f"{found} -m venv {online.cache}/pants-" in got.stderr
        # It is found from then on.
        again = without_python.run("--version")
        assert f"{found} -m venv {online.cache}/pants-" in again.stderr

    def test_missing_and_uv_is_out_of_reach(
        self, without_python: Launcher, python: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "bin/python3").symlink_to(python)
        result = without_python.run("--version")
        assert result.returncode == 1
        assert "No matching distribution found for uv==" in result.stderr
        assert "Set UV_PYTHON_INSTALL_MIRROR to where its downloads" in result.stderr
        assert without_python.environments() == []

    def test_a_shim_that_refuses_is_passed_over(
        self, without_python: Launcher, python: Path, tmp_path: Path
    ) -> None:
        shim = tmp_path / "bin/python3.9"
        shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
        shim.chmod(0o755)
        assert "runs on Python 3.9" in without_python.run("--version").stderr
        versions = tmp_path / "pyenv/versions"
        versions.mkdir(parents=True)
        (versions / "3.9.99").symlink_to(python.parent.parent)
        found = without_python.having(PYENV_ROOT=str(tmp_path / "pyenv")).run("--version")
        assert "No matching distribution" in found.stderr

    def test_another_version_by_that_name_is_passed_over(
        self, without_python: Launcher, tmp_path: Path
    ) -> None:
        (tmp_path / "bin/python3.9").symlink_to(shutil.which("python3", path="/usr/bin") or "")
        assert "runs on Python 3.9" in without_python.run("--version").stderr

    @pytest.mark.parametrize(
        "place", [".pyenv/versions/3.9.99", ".local/share/uv/python/cpython-3.9.99-linux"]
    )
    def test_found_in_the_home_directory(
        self, without_python: Launcher, python: Path, tmp_path: Path, place: str
    ) -> None:
        version = tmp_path / "home" / place
        version.parent.mkdir(parents=True)
        version.symlink_to(python.parent.parent)
        assert "No matching distribution" in without_python.run("--version").stderr


def _mirror_of_pythons(directory: Path, python: Path) -> Dict[str, str]:
    """Variables that lead uv to a mirror. Its Python 3.9 prints how it is asked to make a virtual
    environment, and makes none."""
    script = f'#!/bin/sh\n[ "$1" = -c ] && exec {python} "$@"\necho "$0 $@"\nexit 1\n'
    configuration = (
        "# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n"
    )
    release = directory / "20251031"
    release.mkdir(parents=True)
    archive = release / "cpython-3.9.25-install_only.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in {
            "python/bin/python3.9": script,
            "python/lib/python3.9/_sysconfigdata__linux_.py": configuration,
        }.items():
            member = tarfile.TarInfo(name)
            member.mode, member.size = 0o755, len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    machine = os.uname().machine
    download = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": 9,
        "patch": 25,
        "prerelease": "",
        # What a mirror takes the place of.
        "url": "https://github.com/astral-sh/python-build-standalone/releases/download/"
        f"{release.name}/{archive.name}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": release.name,
    }
    listed = directory / "downloads.json"
    listed.write_text(json.dumps({f"cpython-3.9.25-linux-{machine}-gnu": download}))
    return {
        "UV_PYTHON_INSTALL_MIRROR": directory.as_uri(),
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(listed),
    }


def test_without_home_and_cache_directory(launcher: Launcher) -> None:
    result = launcher.lacking("HOME", "XDG_CACHE_HOME").run("--version")
    assert (result.returncode, result.stderr) == (
        1,
        "./pants: neither HOME nor XDG_CACHE_HOME is set, which say where Pants' environment is "
        "kept; set one of them.\n",
    )


def test_a_relative_cache_directory_is_ignored(telling: Launcher, tmp_path: Path) -> None:
    (tmp_path / ".cache").symlink_to(telling.cache.parent)
    output = telling.having(XDG_CACHE_HOME="cache", HOME=str(tmp_path)).run().stdout
    assert f"_PANTS_SERVER_EXE={tmp_path}/.cache/lading/" in output


def test_without_the_lock(launcher: Launcher) -> None:
    (launcher.root / LOCK).unlink()
    result = launcher.run("--version")
    assert (result.returncode, result.stderr) == (
        1,
        f"./pants: {launcher.root}/{LOCK}, which pins what Pants needs, cannot be read.\n",
    )


def test_started_from_another_directory(telling: Launcher, tmp_path: Path) -> None:
    elsewhere = subprocess.run(
        [telling.root / "pants", "elsewhere"],
        cwd=tmp_path,
        env=telling.environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.startswith("elsewhere\n")
