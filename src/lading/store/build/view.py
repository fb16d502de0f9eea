"""What a built tree can see of the store: itself and its input closure.

While a package is built, store paths are not at their final places. So the host's kernel can't
resolve links: it would follow an absolute link into the host's own /store.
"""

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Sequence, Tuple

from lading.files.links import MAX_LINKS
from lading.values.path import STORE_DIR, StorePath


@dataclass(frozen=True)
class StoreView:
    """`tree` is the host's path of the output `out`. `packages` are all visible ones: the output,
    then the input closure in search order."""

    out: StorePath
    tree: Path
    packages: Tuple[StorePath, ...]
    _roots: Mapping[str, str]

    @classmethod
    def of(
        cls, out: StorePath, tree: Path, inputs: Sequence[Tuple[StorePath, Path]]
    ) -> "StoreView":
        """`inputs` pairs each package of the input closure with its path on the host."""
        everything = [(out, tree), *inputs]
        return cls(
            out=out,
            tree=tree,
            packages=tuple(path for path, _ in everything),
            _roots={path.base: os.fspath(root) for path, root in everything},
        )

    def own_path(self, relative: str) -> str:
        """The store path of a file in the tree; "." is the tree itself."""
        return posixpath.normpath(f"{self.out}/{relative}")

    def is_own(self, path: str) -> bool:
        return path == str(self.out) or path.startswith(f"{self.out}/")

    def host_path(self, path: str) -> Optional[str]:
        """The host's path of `path`; None unless it is in a visible package.

        Only the last part of `path` may be a link.
        """
        parts = path.split("/", 3)
        if len(parts) < 3 or f"/{parts[1]}" != STORE_DIR or parts[2] not in self._roots:
            return None
        return os.path.join(self._roots[parts[2]], *parts[3:])

    def follow(self, path: str) -> str:
        """The absolute path that `path` leads to through all links.

        Stops at the edge of the view: what is outside or missing is taken for no link. In a loop of
        links, the result is one of them.
        """
        done = "/"
        pending = path.split("/")[::-1]
        links = 0
        while pending:
            part = pending.pop()
            step = posixpath.normpath(posixpath.join(done, part))
            host = self.host_path(step)
            if host is not None and os.path.islink(host) and links < MAX_LINKS:
                links += 1
                target = os.readlink(host)
                done = "/" if target.startswith("/") else posixpath.dirname(step)
                pending.extend(target.split("/")[::-1])
            else:
                done = step
        return done

    def find(self, path: str) -> Optional[str]:
        """The host's path of the file or directory that `path` leads to; None if it leads
        nowhere."""
        host = self.host_path(self.follow(path))
        if host is None or os.path.islink(host) or not os.path.exists(host):
            return None
        return host

    def find_program(self, name: str) -> Optional[str]:
        """The store path of `bin/<name>` in the first package that has it."""
        for package in self.packages:
            path = f"{package}/bin/{name}"
            host = self.find(path)
            if host is not None and os.path.isfile(host):
                return path
        return None
