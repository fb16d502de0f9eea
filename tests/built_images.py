"""The images of this repository, with caches of Pants that have all that went into them.

Most tests are not about how these come about, and start from them. They outlast a run of the tests,
so that the next one builds what has changed since; without ~/.cache/lading/tests all is built.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lock import locked
from repository import Repository, copy_work_tree, with_own_caches

#: What is kept grows with each change of a package, and starts again beyond so many bytes.
_LIMIT = 8_000_000_000


@dataclass(frozen=True)
class BuiltImages:
    directory: Path

    @property
    def images(self) -> Path:
        """The directory with the archives and descriptions of //images: as first built."""
        return self.directory / "root/dist/images"

    def copy_caches(self, target: Path) -> None:
        """To where `with_own_caches(..., target)` has them."""
        _copy_caches(self.directory, target)


def built_images(source: Path, session: Path) -> BuiltImages:
    """Those of the work tree `source`, which the first process of a session to ask for them
    builds. `session` is a directory that all its processes have in common."""
    made = session / "built_images"
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "lading/tests")
    kept.mkdir(parents=True, exist_ok=True)
    with locked(kept / "lock"):
        if not made.exists():
            _bound(kept / "caches")
            new = Path(tempfile.mkdtemp(dir=session))
            _build(source, new / "root", kept / "caches")
            _copy_caches(kept / "caches", new)
            new.rename(made)
    return BuiltImages(made)


def _build(source: Path, root: Path, caches: Path) -> None:
    copy_work_tree(source, root)
    repository = Repository(root, with_own_caches(os.environ, caches))
    try:
        repository.pants("package", "//images::")
    finally:
        repository.stop_pantsd()


def _bound(caches: Path) -> None:
    if sum(path.lstat().st_size for path in caches.rglob("*")) > _LIMIT:
        shutil.rmtree(caches)


def _copy_caches(source: Path, target: Path) -> None:
    """Nobody may use those at `source` now."""
    for name in ("store", "named_caches"):
        shutil.copytree(
            source / name,
            target / name,
            symlinks=True,
            # What pex has installed knows where it is.
            ignore=shutil.ignore_patterns("pex_root"),
            copy_function=_copy,
        )


def _copy(source: str, target: str) -> None:
    """Once written, all files but databases stay as they are."""
    if not source.endswith(".mdb"):
        try:
            os.link(source, target, follow_symlinks=False)
            return
        except OSError:  # on another file system
            pass
    shutil.copy2(source, target)
