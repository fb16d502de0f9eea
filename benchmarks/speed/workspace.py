"""A copy of the repository, in which benchmarks add images, and its caches, all in one directory
that is removed."""

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional

from repository import QUICK_START, Repository, copy_work_tree, with_own_caches

from speed import ROOT

#: `./pants` does everything but write archives.
WITHOUT_ARCHIVES = "--lading-archives=none"

_NO_OTHERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Workspace:
    """`directory` is for what a benchmark makes."""

    directory: Path
    repository: Repository

    def pants(self, *arguments: str) -> None:
        """With nothing printed, as in a script."""
        self.repository.pants(*arguments)

    def package(self, *targets: str) -> None:
        self.pants("package", *targets)

    def package_without_archives(self, *targets: str) -> None:
        self.pants(WITHOUT_ARCHIVES, "package", *targets)

    def archive(self, target: str) -> Path:
        """Of `//images:redis`, the file in dist/."""
        directory, _, name = target.partition(":")
        dist = self.repository.root / "dist" / directory.lstrip("/").replace("/", ".")
        return dist / f"{name}.tar"

    def description(self, target: str) -> Dict[str, Any]:
        fields: Dict[str, Any] = json.loads(self.archive(target).with_suffix(".json").read_text())
        return fields

    def write(self, file: str, text: str) -> None:
        path = self.repository.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def scratch(self, name: str) -> Path:
        """A new, empty directory."""
        path = self.directory / "scratch" / name
        path.mkdir(parents=True)
        return path

    def discard(self) -> None:
        """Remove what benchmarks have made, but not the caches."""
        shutil.rmtree(self.directory / "scratch", ignore_errors=True)


def caches_of_users(directory: Path) -> Mapping[str, str]:
    """An environment with caches of Pants in `directory`, and with all backends, as users have."""
    environ = with_own_caches(os.environ, directory)
    return {name: value for name, value in environ.items() if name not in QUICK_START}


@contextmanager
def new_workspace(caches: Optional[Path] = None) -> Iterator[Workspace]:
    """With Pants' caches in `caches`, where they stay, or with empty ones."""
    with tempfile.TemporaryDirectory(prefix="lading-benchmarks-") as temporary:
        directory = Path(temporary)
        copy_work_tree(ROOT, directory / "root")
        environ = caches_of_users(caches or directory)
        repository = Repository(directory / "root", environ)
        try:
            yield Workspace(directory, repository)
        finally:
            repository.stop_pantsd()


def output(
    *argv: str, directory: Optional[Path] = None, environ: Mapping[str, str] = _NO_OTHERS
) -> str:
    """Standard output of a command, which must succeed."""
    finished = subprocess.run(
        argv,
        cwd=directory,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    assert finished.returncode == 0, f"{argv}: {finished.stdout}{finished.stderr}"
    return finished.stdout.strip()
