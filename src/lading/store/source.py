"""Sources for a build: an archive or file, or a tree of files."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple


@dataclass(frozen=True)
class RequestedSource:
    """A source at `path`, relative to the program's directory, called `name` in the build.

    `executables` lists its executable files, relative to the tree or by name: the modes in a Pants
    sandbox don't say which are.
    """

    name: str
    path: str
    is_tree: bool = False
    executables: Tuple[str, ...] = ()

    def copy_to(self, directory: Path, prefix: str = "") -> None:
        """Copy to `directory/<prefix><name>`, with mode 0755 for executables and 0644 for
        others."""
        directory.mkdir(parents=True, exist_ok=True)
        target = directory / (prefix + self.name)
        if not self.is_tree:
            shutil.copyfile(self.path, target)
            os.chmod(target, 0o755 if self.name in self.executables else 0o644)
            return
        shutil.copytree(self.path, target, symlinks=True, copy_function=shutil.copyfile)
        executables = {os.path.join(target, name) for name in self.executables}
        for parent, _, names in os.walk(target):
            os.chmod(parent, 0o755)
            for name in names:
                file = os.path.join(parent, name)
                if not os.path.islink(file):
                    os.chmod(file, 0o755 if file in executables else 0o644)
