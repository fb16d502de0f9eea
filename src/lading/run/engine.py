"""docker and podman, as programs that images are loaded into and run by."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from lading.errors import LadingError
from lading.run.image_run_request import Engine
from lading.run.loadable_image import LoadableImage

# An option that says which ports or which network a container gets.
_NETWORK_OPTIONS = ("-p", "-P", "--publish", "--publish-all", "--net", "--network")


@dataclass(frozen=True)
class ContainerEngine:
    """`program` is docker's or podman's client, an absolute path."""

    name: str
    program: str

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
            engine = cls(name, program)
            problem = engine._problem()
            if problem is None:
                return engine
            problems.append(f"{name} does not answer ({problem})")
        raise LadingError(
            f"there is nothing to run the image with: {'; '.join(problems)}. Start one, or use "
            "`--no-daemon`, which runs the image without any."
        )

    def _problem(self) -> Optional[str]:
        result = self._try("info", "--format", "{{json .}}")
        if result.returncode == 0 and not json.loads(result.stdout).get("ServerErrors"):
            return None
        lines = [line for line in result.stderr.strip().splitlines() if line]
        return lines[-1] if lines else f"status {result.returncode}"

    def load(self, image: LoadableImage) -> str:
        """Make sure that the engine has the image; what it calls it.

        What the engine has is asked each time, as somebody may have removed it (pants#16356).
        """
        name = self._present(image)
        if name is not None:
            return name
        present = self._present_layers(image)
        if present:
            self._send(image, present)
        name = self._present(image)
        if name is None:
            # The engine's store is of another kind, or the layers went away meanwhile.
            output = self._send(image, 0)
            name = self._present(image)
        if name is None:
            raise LadingError(
                f"{self.name} can't load the image: {output.strip() or 'it does not say why'}."
            )
        return name

    def arguments(self, name: str, ports: Sequence[str], options: Sequence[str]) -> List[str]:
        """Of a container that goes away when its program ends. Arguments to that may follow."""
        chosen = [option.partition("=")[0] for option in options]
        terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        published = [
            f"--publish={port.partition('/')[0]}:{port}"
            for port in ports
            if not set(chosen) & set(_NETWORK_OPTIONS)
        ]
        return ["run", "--rm", "--interactive", *terminal, *published, *options, name]

    def _present(self, image: LoadableImage) -> Optional[str]:
        for name in image.ids:
            bare = name.partition(":")[2]
            if self._try("image", "inspect", bare).returncode == 0:
                return bare
        return None

    def _present_layers(self, image: LoadableImage) -> int:
        """How many of the image's layers, from the lowest, are in images that docker has.

        It finds them by their chain (moby, tarexport/load.go), so it need not be sent them.
        """
        if self.name != "docker":
            return 0
        ids = self._try("image", "ls", "--all", "--quiet", "--no-trunc").stdout.split()
        if not ids:
            return 0
        found = self._try("image", "inspect", "--format", "{{json .RootFS.Layers}}", *set(ids))
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
        sys.stderr.write(f"Loading {image.size(present) / 1e6:.1f} MB into {self.name}\n")
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

    def _try(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def become(self, arguments: Sequence[str]) -> None:
        """Replace this process, so that the terminal's signals and the status are the engine's."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(self.program, [self.program, *arguments])


def _common(one: Sequence[str], other: Tuple[str, ...]) -> int:
    """How many elements both begin with."""
    count = 0
    for left, right in zip(one, other):
        if left != right:
            break
        count += 1
    return count
