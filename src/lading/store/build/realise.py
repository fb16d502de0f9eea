"""Builds a derivation; this program runs in a Pants sandbox.

    python -m lading.store.build.realise request.json

Reads a `RealiseRequest`; writes `segment.tar`, `package.json` and `members.json`. Besides its
inputs it uses only bubblewrap and the append-only cache, where dependencies and build roots are
unpacked once per machine.
"""

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Sequence, Tuple

from lading.debs.build_root import ensure_build_root
from lading.files.removable import let_owner_remove
from lading.files.tree import walk
from lading.namespaces.keyring import leave_session_keyring
from lading.namespaces.limits import LimitError, Limits
from lading.runtime.program import run
from lading.store.build.audit import audit
from lading.store.build.chosen_sandbox import chosen_sandbox, needs_chroot
from lading.store.build.environment import SOURCE_DATE_EPOCH, build_environment
from lading.store.build.fixup import fixup
from lading.store.build.libraries import LIBRARY_DIRECTORIES
from lading.store.build.log import failure_sentence, keep_log, log_tail
from lading.store.build.sandbox import Sandbox
from lading.store.build.write_package import write_package
from lading.store.request import RealiseRequest
from lading.store.unpacked_packages import CACHE, unpacked
from lading.values import nix32
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.foreign_text import printable, shown
from lading.values.json_codec import read_json

#: These paths no longer exist after a build; a path below them in a package leads nowhere.
_BUILD_PATHS = ("/build/source", "/lading/source", "/lading/sources")

_WORK = Path("work")

# The most bytes that a sentence shows of texts that the build writes.
_LONGEST_STEP = 1 << 10
_LONGEST_OUTPUT = 1 << 16

_STORE_NAME = re.compile(rf"[{nix32.ALPHABET}]{{32}}-.")


def main(argv: List[str]) -> None:
    (request_file,) = argv
    request = read_json(RealiseRequest, Path(request_file))
    os.umask(0o022)
    # Other users must not see or run what is being built.
    with suppress(PermissionError):  # if the directory is another user's, `work` is not
        os.chmod(".", 0o700)
    leave_session_keyring()
    in_chroot = needs_chroot()
    build_root = _build_root(request)
    dependencies = tuple((package.path, unpacked(package)) for package in request.inputs)
    work = _WORK.absolute()
    with chosen_sandbox(in_chroot, build_root, work, dependencies) as sandbox:
        build = Build(request, sandbox, Limits.load())
        try:
            build.run_script()
            build.fix_up()
            inputs = tuple(package.path for package in request.inputs)
            write_package(build.output, request.path, inputs)
        finally:
            let_owner_remove(sandbox.work)


_SCRIPT_FAILED = "`script` failed"
_DEFAULT_FAILED = (
    "`script` is unset, and the default build (`./configure`, `make`, `make install`) failed"
)
_NOT_FOUND = (
    "`{command}` was not found: add the Debian package that has it to `debian_packages` of the "
    "`build_root`, or a store package that has it to `dependencies`."
)


@dataclass(frozen=True)
class Build:
    """One build: its script, then the steps that change and check the result."""

    request: RealiseRequest
    sandbox: Sandbox
    limits: Limits

    @property
    def output(self) -> Path:
        """The path of `$out` on the host."""
        return self.sandbox.root / "store" / self.request.path.base

    def run_script(self) -> None:
        """Run the package's script. Raises `LadingError` if it fails or leaves no result."""
        self.sandbox.prepare()
        self.output.mkdir()
        _lay_out_inputs(self.request, self.sandbox.root / "lading")
        self.sandbox.hand_over()
        environment = {
            **build_environment(self.request, self._dynamic_linker()),
            **_source_variables(self.request),
        }
        log = self.sandbox.work / "build.log"
        try:
            with open(log, "wb") as file:
                command = ["/bin/bash", "/lading/setup.sh"]
                status = self.sandbox.run(command, environment, file, self.limits)
        except LimitError as error:
            kept = keep_log(log, self.request.path.base)
            raise LadingError(f"{error} {log_tail(log, kept)}") from error
        for name in ("build", "store"):
            # The build owns them, and may have removed the permissions.
            os.chmod(self.sandbox.root / name, 0o755)
        kept = keep_log(log, self.request.path.base)
        if status:
            what = self._failed_step()
            if what == _SCRIPT_FAILED and not self.request.script:
                what = _DEFAULT_FAILED
            raise LadingError(failure_sentence(what, status, log, kept, _NOT_FOUND))
        self._check_output()

    def _failed_step(self) -> str:
        """The last step that setup.sh announced. The script can write to that file too."""
        step = self.sandbox.root / "build" / ".step"
        if step.is_symlink() or not step.is_file():
            return _SCRIPT_FAILED
        with step.open("rb") as file:
            words = file.read(_LONGEST_STEP).decode("utf-8", errors="replace")
        return shown(printable(words.strip()))

    def _dynamic_linker(self) -> str:
        """The store's dynamic loader if one of the inputs has it, else ""."""
        for path, directory in self.sandbox.dependencies:
            for library_directory in LIBRARY_DIRECTORIES:
                for loader in sorted((directory / library_directory).glob("ld-linux*.so.*")):
                    return f"{path}/{library_directory}/{loader.name}"
        return ""

    def _check_output(self) -> None:
        if self.output.is_symlink() or not self.output.is_dir():
            raise LadingError(
                "`script` replaced the directory $out by something else: keep the directory, and "
                "install the package's files into it."
            )
        os.chmod(self.output, 0o755)
        if not os.listdir(self.output):
            raise LadingError(
                "`script` wrote nothing to $out: make it install the package's files there, for "
                "example with `make install PREFIX=$out`."
            )
        known = {self.request.path.base, *(package.path.base for package in self.request.inputs)}
        for entry in sorted(os.listdir(self.output.parent)):
            if entry not in known:
                raise LadingError(
                    f"`script` wrote /store/{shown(printable(entry))}, which is not its own: the "
                    "only place in the store that a build may write to is $out."
                )
        for entry in sorted(os.listdir(self.output)):
            if _STORE_NAME.match(entry):
                raise LadingError(
                    f"`script` made $out/{shown(printable(entry))}, which is the name of another "
                    "package: $out already exists as a directory, so `ln` and `cp` put things "
                    "into it. Link or copy what is in the other package instead, as in `ln -s "
                    "$redis/* $out`."
                )

    def fix_up(self) -> None:
        """Strip, make programs and scripts find what they need in the store, and audit."""
        tools = SandboxTools(self.sandbox, self.limits)
        inputs = self.sandbox.dependencies
        let_owner_remove(self.output)
        sizes = {
            entry.status.st_ino: entry.status.st_size
            for entry in walk(self.output)
            if entry.is_file
        }
        self.limits.check_output(sum(sizes.values()))
        fixup(self.output, self.request.path, inputs, tools, self.request.strip)
        audit(self.output, self.request.path, inputs, _BUILD_PATHS, self.sandbox.traces)


@dataclass(frozen=True)
class SandboxTools:
    """Runs programs of the build root that change the files of `$out`, which they see at
    `/store/...`."""

    sandbox: Sandbox
    limits: Limits

    def run(self, argv: Sequence[str]) -> Tuple[int, str]:
        """The exit status of a program of the build root, and as much output as anybody reads."""
        log = self.sandbox.work / "tool.log"
        environment = {"PATH": "/usr/bin", "LC_ALL": "C", "TMPDIR": "/tmp"}
        with open(log, "wb") as file:
            status = self.sandbox.run(argv, environment, file, self.limits)
        with open(log, "rb") as file:
            return status, file.read(_LONGEST_OUTPUT).decode("utf-8", errors="replace")


def _build_root(request: RealiseRequest) -> Path:
    debs = {Sha256(digest): Path(file) for digest, file in request.debs.items()}
    return ensure_build_root(CACHE.absolute(), debs, request.alternatives)


def _lay_out_inputs(request: RealiseRequest, directory: Path) -> None:
    """Fill the directory that is /lading in the sandbox."""
    programs = Path(__file__).parent
    shutil.copyfile(programs / "setup.sh", directory / "setup.sh")
    (directory / "bin").mkdir()
    shutil.copyfile(programs / "ld.sh", directory / "bin" / "ld")
    os.chmod(directory / "bin" / "ld", 0o755)
    script = request.script or "default_script"
    (directory / "script.sh").write_text(script + "\n", encoding="utf-8")
    (directory / "sources").mkdir()
    (directory / "patches").mkdir()
    if request.source:
        request.source.copy_to(directory / "source")
    for source in request.further_sources:
        source.copy_to(directory / "sources")
    for index, patch in enumerate(request.patches):
        # They are applied in the order of their names.
        patch.copy_to(directory / "patches", prefix=f"{index:03d}-")
    for entry in walk(directory):
        # The time of the build would be kept by archives and .pyc files, and make compares it.
        os.utime(entry.host, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH), follow_symlinks=False)


def _source_variables(request: RealiseRequest) -> Mapping[str, str]:
    if request.source is None:
        return {}
    kind = "tree" if request.source.is_tree else "archive"
    return {f"lading_source_{kind}": f"/lading/source/{request.source.name}"}


if __name__ == "__main__":
    run(main)
