"""docker and podman, as programs that images are loaded into and run by."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from lading.run.image_run_request import Engine
from lading.run.loadable_image import LoadableImage
from lading.values.errors import LadingError

# An option that says which ports or which network a container gets.
_NETWORK_OPTION = re.compile(r"-[pP].*|--(?:publish|publish-all|net|network)(?:=.*)?")

# Of docker's DriverStatus, where images are in containerd's store.
_CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]

# How often an engine is asked what it has while others remove images.
_ATTEMPTS = 5


@dataclass(frozen=True)
class ContainerEngine:
    """`program` is docker's or podman's client, an absolute path; `info` is what the engine says
    of itself."""

    name: str
    program: str
    info: Dict[str, Any]

    @classmethod
    def find(cls, wanted: Engine) -> "ContainerEngine":
        """LadingError if there is none that answers."""
        names = ("docker", "podman") if wanted is Engine.AUTO else (wanted.value,)
        problems = []
        for name in names:
            program = shutil.which(name)
            if program is None:
                problems.append(f"{name} is not in PATH")
                continue
            told = _call(program, "info", "--format", "{{json .}}")
            info = json.loads(told.stdout) if told.returncode == 0 else {}
            # docker's client tells of itself even without a daemon, with status 0.
            if info and not info.get("ServerErrors"):
                return cls(name, program, info)
            problems.append(f"{name} does not answer ({_last_line(told)})")
        raise LadingError(
            f"there is nothing to run the image with: {'; '.join(problems)}. Start one, or use "
            "`--no-daemon`, which runs the image without any."
        )

    def load(self, image: LoadableImage) -> str:
        """Make sure that the engine has the image; what it calls it.

        What the engine has is asked each time, as somebody may have removed it (pants#16356).
        """
        name = self._present(image)
        if name is None:
            self._send_missing_layers(image)
            name = self._present(image)
        if name is None:
            # It can't take layers alone, or lost the others meanwhile.
            output = self._send(image, 0)
            name = self._present(image)
        if name is None:
            raise LadingError(
                f"{self.name} can't load the image: {output.strip() or 'it does not say why'}."
            )
        return name

    def arguments(self, name: str, ports: Sequence[str], options: Sequence[str]) -> List[str]:
        """Of a container that goes away when its program ends. Arguments to that may follow."""
        terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        published = [f"--publish={port.partition('/')[0]}:{port}" for port in ports]
        if any(map(_NETWORK_OPTION.fullmatch, options)):
            published = []
        return ["run", "--rm", "--interactive", *terminal, *published, *options, name]

    def _present(self, image: LoadableImage) -> Optional[str]:
        for name in image.ids:
            bare = name.partition(":")[2]
            if self._try("image", "inspect", bare).returncode == 0:
                return bare
        return None

    def _send_missing_layers(self, image: LoadableImage) -> None:
        """Where the engine can do with those, and has others."""
        present = self._present_layers(image)
        if self.name == "podman":
            self._announce(image, present)
            self._pull(image)
        elif present and _CONTAINERD_STORE not in (self.info.get("DriverStatus") or ()):
            # That store would have an image whose blobs it lacks.
            self._send(image, present)

    def _pull(self, image: LoadableImage) -> None:
        """podman reads from a layout only what it lacks. A remote one can't see it."""
        with tempfile.TemporaryDirectory(prefix="lading-layout-") as layout:
            image.write_layout(Path(layout))
            pulled = self._try("pull", "--quiet", f"oci:{layout}")
        if pulled.returncode == 0:
            for reference in image.references:
                self._try("tag", image.ids[0].partition(":")[2], reference.name)

    def _present_layers(self, image: LoadableImage) -> int:
        """How many of the image's layers, from the lowest, are in images that the engine has.

        docker finds them by their chain (moby, tarexport/load.go), so it need not be sent them.
        """
        for _ in range(_ATTEMPTS):
            listed = self._try("image", "ls", "--all", "--quiet", "--no-trunc")
            ids = set(listed.stdout.split())
            if not ids:
                return 0
            found = self._try("image", "inspect", "--format", "{{json .RootFS.Layers}}", *ids)
            if found.returncode == 0:
                break
            # podman tells of none if one is removed meanwhile.
        return max(
            (
                _common(json.loads(line) or (), image.diff_ids)
                for line in found.stdout.split("\n")
                if line
            ),
            default=0,
        )

    def _send(self, image: LoadableImage, present: int) -> str:
        """What the engine said to it."""
        self._announce(image, present)
        process = subprocess.Popen(
            [self.program, "load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin:
                image.write(process.stdin, present)
        except BrokenPipeError:
            pass  # it has given up, and says why
        output = process.stdout.read().decode("utf-8", "replace")
        process.wait()
        return output

    def _announce(self, image: LoadableImage, present: int) -> None:
        sys.stderr.write(f"Loading {image.size(present) / 1e6:.1f} MB into {self.name}\n")
        sys.stderr.flush()

    def _try(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return _call(self.program, *arguments)

    def become(self, arguments: Sequence[str]) -> None:
        """Replace this process, so that the terminal's signals and the status are the engine's."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(self.program, [self.program, *arguments])


def _call(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _last_line(failed: "subprocess.CompletedProcess[str]") -> str:
    lines = failed.stderr.strip().splitlines()
    return lines[-1] if lines else f"status {failed.returncode}"


def _common(one: Sequence[str], other: Tuple[str, ...]) -> int:
    """How many elements both begin with."""
    count = 0
    for left, right in zip(one, other):
        if left != right:
            break
        count += 1
    return count
