"""Copies of this repository, in which the tests run the real Pants."""

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Mapping, Tuple

#: Longer than any build takes on a busy machine.
_TIMEOUT_SECONDS = 1800

#: For the environment of a repository: without what checks Python code Pants starts in half the
#: time.
QUICK_START = {
    "PANTS_BACKEND_PACKAGES": (
        '-["pants.backend.python.lint.black", "pants.backend.experimental.python.lint.ruff", '
        '"pants.backend.python.typecheck.mypy"]'
    ),
    "PANTS_VERIFY_CONFIG": "false",  # which has sections for these
}


@dataclass(frozen=True)
class Run:
    """What a run of Pants printed."""

    stdout: str
    stderr: str

    @property
    def processes(self) -> int:
        """How many processes were really run."""
        return self.counter("local_execution_requests")

    def counter(self, name: str) -> int:
        """One of Pants' counters, of a run with `--stats-log`."""
        counter = re.search(rf"^ *{name}: (\d+)$", self.stderr, re.MULTILINE)
        assert counter, self.stderr
        return int(counter[1])

    @property
    def built(self) -> List[str]:
        """The store packages whose build was started, with versions."""
        return re.findall(r"Starting: Building (\S+)$", self.stderr, re.MULTILINE)


@dataclass(frozen=True)
class Repository:
    """A repository that nobody else runs Pants in.

    `prefix` goes before the command: it runs that in other namespaces, or as another user.
    """

    root: Path
    environ: Mapping[str, str]
    prefix: Tuple[str, ...] = ()

    def try_pants(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.prefix, str(self.root / "pants"), *arguments],
            cwd=self.root,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )

    def pants(self, *arguments: str) -> Run:
        """Run `./pants`, which must succeed."""
        finished = self.try_pants(*arguments)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return Run(finished.stdout, finished.stderr)

    def failing_pants(self, *arguments: str) -> str:
        """Run `./pants`, which must fail and leave dist/ as it is; its standard error."""
        before = self._dist()
        finished = self.try_pants(*arguments)
        assert finished.returncode == 1, finished.stdout + finished.stderr
        assert self._dist() == before
        return finished.stderr

    def _dist(self) -> List[Tuple[str, int]]:
        return sorted((str(path), path.lstat().st_mtime_ns) for path in self.root.glob("dist/**/*"))

    @contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """Has `new` for the only `old` in the file, until the block ends."""
        path = self.root / file
        before = path.read_text()
        assert before.count(old) == 1, f"{file} has not one {old!r}"
        path.write_text(before.replace(old, new))
        try:
            yield
        finally:
            path.write_text(before)

    @contextmanager
    def declared(self, directory: str, build_file: str) -> Iterator[Path]:
        """Has `build_file` in a new directory, until the block ends; the one it has in dist/."""
        path = self.root / directory
        path.mkdir()
        try:
            (path / "BUILD").write_text(build_file)
            owner = self.root.stat()
            for created in (path, path / "BUILD"):  # for whoever runs Pants there
                os.chown(created, owner.st_uid, owner.st_gid)
            yield self.root / "dist" / directory
        finally:
            shutil.rmtree(path)

    def stop_pantsd(self) -> None:
        for file in self.root.glob(".pids/*/pantsd/pid"):
            pid = int(file.read_text())
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            _wait_for_end(pid)
            file.unlink()  # pantsd leaves it, and the number may become another process's


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"pantsd, process {pid}, does not end"
        time.sleep(0.02)


def copy_work_tree(source: Path, target: Path) -> None:
    """Copy what git would commit, with all that has been edited, and commit it there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=source,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        if os.path.lexists(source / name):  # git lists what is deleted but not committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / name, follow_symlinks=False)
    author = ["-c", "user.name=Tests", "-c", "user.email=tests@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*author, "commit", "-q", "-m", "Copy"]):
        subprocess.run(["git", *command], cwd=target, check=True)


def with_own_caches(environ: Mapping[str, str], directory: Path) -> Mapping[str, str]:
    """`environ` with caches of Pants in `directory`. The launcher's environment is the one there
    is."""
    return {
        **QUICK_START,
        **{name: value for name, value in environ.items() if not name.startswith("PANTS_")},
        "PANTS_LOCAL_STORE_DIR": str(directory / "store"),
        "PANTS_NAMED_CACHES_DIR": str(directory / "named_caches"),
        "PANTS_LOCAL_EXECUTION_ROOT_DIR": str(directory / "sandboxes"),
    }
