"""Run commands in an image.

    run_as_root_main REQUEST LIBRARY LIBZSTD OUTPUT DESCRIPTION TREE REFERENCES

REQUEST is the JSON of `RunAsRootRequest`, LIBRARY what `open_compressor` takes. What the commands
changed becomes the blob OUTPUT. DESCRIPTION is the JSON of its `Layer`, TREE that of the
`ImageTree` of the image so far. REFERENCES is a JSON object of the store paths that OUTPUT refers
to: each path with the file in which it was found.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import List, Mapping, Tuple

from lading.compression.hashed_io import HashedOutput
from lading.compression.layer_compression import open_compressor
from lading.files.removed_tree import remove_tree
from lading.image.config.layer import Layer
from lading.image.layers.changed_tree import changed_tree
from lading.image.layers.changes import Change, changed_entries, find_changes, write_changes
from lading.image.layers.layer_blobs import LayerBlobs
from lading.image.layers.tree_state import ContentDigests, TreeState, read_tree
from lading.image.root.image_tree import ImageTree
from lading.namespaces.container import MOUNTED, Container, check_rights
from lading.namespaces.limits import LimitError, Limits
from lading.namespaces.user_namespace import UserNamespace
from lading.runtime.program import run
from lading.runtime.whole_file import whole_file, write_whole
from lading.store.build.log import failure_sentence, keep_log, log_tail
from lading.store.references import scan_entries
from lading.store.request import InputPackage
from lading.store.unpacked_packages import unpacked
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json, to_json
from lading.values.path import StorePath


@dataclass(frozen=True)
class RunAsRootRequest:
    """`layers` are files, lowest first: tar archives, plain or compressed with gzip or zstd. `tree`
    is the JSON of their `ImageTree`.

    `packages` are the store packages of the image and of the tools, with everything they need; they
    take precedence over copies in `layers`. The direct ones among them are the tools: their
    programs are on PATH, and the first that has a shell runs the commands. If none has, `contents`
    are searched for a shell. `env` comes before the variables that are always set.
    """

    commands: str
    layers: Tuple[str, ...]
    tree: str
    packages: Tuple[InputPackage, ...]
    contents: Tuple[StorePath, ...]
    env: Mapping[str, str]


#: Seconds since 1970; programs that honour this variable use it as the current time.
SOURCE_DATE_EPOCH = 1

#: What to do without the rights to run commands.
_INSTEAD = (
    "Without any such right, `users`, `groups`, `directories`, `symlinks` and `files` do what "
    "images need most: users with their homes, directories and files with owners and modes."
)

_NOT_FOUND = (
    "`{command}` was not found: add a store package that has it to `run_as_root_tools`, or use an "
    "image that has it."
)

_CREATED_BY = "lading: run_as_root"
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELLS = ("bin/bash", "bin/sh")

# Not a change of the image: ldconfig records inodes and change times there to run faster next time.
# They differ between any two builds.
_LEFT_OUT = (*MOUNTED, "var/cache/ldconfig/aux-cache")


def main(argv: List[str]) -> None:
    request_file, library, libzstd, output, description, tree, references = argv
    text = Path(request_file).read_text(encoding="utf-8")
    request = from_json(RunAsRootRequest, text)
    os.umask(0o022)
    work = Path("work").absolute()
    work.mkdir(mode=0o700)  # other users could run setuid files that the commands create
    namespace = _namespace(work)
    packages = tuple((package.path, unpacked(package)) for package in request.packages)
    step = RunStep(request, work, packages, libzstd, Limits.load())
    step.log.touch()
    status = namespace.run(step.run)
    if status:
        name = f"run_as_root-{Sha256.of(text.encode('utf-8')).hex[:32]}"
        kept = keep_log(step.log, name)
        if step.limit.exists():
            limit = step.limit.read_text(encoding="utf-8")
            raise LadingError(f"{limit} {log_tail(step.log, kept)}")
        what = "`run_as_root` failed"
        raise LadingError(failure_sentence(what, status, step.log, kept, _NOT_FOUND))
    layer = _compress(step.layer, library, Path(output))
    write_whole(Path(description), to_json(layer))
    os.replace(step.tree, tree)
    os.replace(step.references, references)


def _namespace(work: Path) -> UserNamespace:
    """The namespace in which commands can run. Raises LadingError if this user may not."""
    probe = work / "probe"
    probe.mkdir()
    try:
        namespace = UserNamespace.of_this_user()
        namespace.run(partial(check_rights, probe))
    except LadingError as error:
        raise LadingError(f"`run_as_root`: {error} {_INSTEAD}") from error
    return namespace


@dataclass(frozen=True)
class RunStep:
    """One run of the commands. `work` is its own directory; `packages` pairs the request's store
    paths with the directories that they are unpacked in."""

    request: RunAsRootRequest
    work: Path
    packages: Tuple[Tuple[StorePath, Path], ...]
    libzstd: str
    limits: Limits

    @property
    def limit(self) -> Path:
        """A sentence about the limit that ended the commands, if one did."""
        return self.work / "limit"

    @property
    def log(self) -> Path:
        return self.work / "log"

    @property
    def layer(self) -> Path:
        return self.work / "layer.tar"

    @property
    def tree(self) -> Path:
        return self.work / "tree.json"

    @property
    def references(self) -> Path:
        return self.work / "references.json"

    def run(self) -> int:
        """Run the commands and write the results; returns the commands' status.

        Must run as root of a user namespace (`UserNamespace.run`).
        """
        root = self.work / "root"
        try:
            skipped = frozenset(str(path).lstrip("/") for path, _ in self.packages)
            tree = LayerBlobs(tuple(map(Path, self.request.layers)), self.libzstd).unpack(
                root, skipped
            )
            if tree.warning:
                print(tree.warning, file=sys.stderr)
            digests = ContentDigests()
            before = read_tree(str(root), _LEFT_OUT, digests, tree.devices)
            status = self._run_commands(root)
            if not status:
                after = read_tree(str(root), _LEFT_OUT, digests, tree.devices)
                self._write_results(root, find_changes(before, after), after)
            return status
        finally:
            # Only this process can delete files of other owners, so nothing may interrupt it.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            remove_tree(root)

    def _run_commands(self, root: Path) -> int:
        begin = time.monotonic()

        def watch() -> None:
            _check_limits(self.limits, time.monotonic() - begin, self.log.stat().st_size)

        try:
            with self.log.open("wb") as log:
                return self._container(root).run(self.request.commands, log, watch)
        except LimitError as error:
            self.limit.write_text(str(error), encoding="utf-8")
            return 1

    def _container(self, root: Path) -> Container:
        direct = {package.path for package in self.request.packages if package.direct}
        tools = [(path, directory) for path, directory in self.packages if path in direct]
        path = [
            f"{tool}/{name}"
            for tool, directory in tools
            for name in ("bin", "sbin")
            if (directory / name).is_dir()
        ]
        places = [*(str(tool) for tool, _ in tools), *map(str, self.request.contents), ""]
        env = self.request.env
        return Container(
            root=root,
            packages=self.packages,
            shells=tuple(f"{place}/{shell}" for place in places for shell in _SHELLS),
            environment={
                "HOME": "/root",
                # The only locale that every image has.
                "LC_ALL": "C",
                "LOGNAME": "root",
                "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
                "TERM": "dumb",
                "TZ": "UTC",
                "USER": "root",
                **env,
                "PATH": ":".join([*path, env.get("PATH", _DEFAULT_PATH)]),
            },
        )

    def _write_results(self, root: Path, changes: Tuple[Change, ...], after: TreeState) -> None:
        with self.layer.open("wb") as file:
            write_changes(changes, root, file)
        tree = read_json(ImageTree, Path(self.request.tree))
        tree = changed_tree(tree, changes, after, lambda path: (root / path).read_bytes())
        self.tree.write_text(to_json(tree), encoding="utf-8")
        paths = {path.hash: str(path) for path, _ in self.packages}
        found = scan_entries(changed_entries(changes, root), paths)
        references = {paths[hash_]: place for hash_, place in found.items()}
        text = json.dumps(references, sort_keys=True, indent=2) + "\n"
        self.references.write_text(text, encoding="utf-8")


def _check_limits(limits: Limits, seconds: float, printed: int) -> None:
    if seconds > limits.timeout:
        raise LimitError(
            f"`run_as_root` was still running after {limits.timeout:,} s, and was stopped: if it "
            "needs longer, raise `run_as_root_timeout`, or `[lading].build_timeout` for all."
        )
    if printed > limits.max_log_size:
        raise LimitError(
            f"`run_as_root` printed more than {limits.max_log_size:,} bytes, and was stopped: "
            "make it print less, or raise `[lading].max_build_log_size`."
        )


def _compress(tar: Path, library: str, output: Path) -> Layer:
    with whole_file(output) as file, open_compressor(library) as compressor:
        blob = HashedOutput(file)
        with tar.open("rb") as source:
            compressor.compress(source, blob)
    return Layer(
        digest=blob.sha256,
        diff_id=Sha256.of_file(tar),
        size=blob.size,
        media_type=compressor.media_type,
        created_by=_CREATED_BY,
        tar_size=tar.stat().st_size,
    )


if __name__ == "__main__":
    run(main)
