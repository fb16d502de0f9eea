"""An image in docker or podman; only the parts that they lack are sent."""

import json
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import AbstractSet, Iterator, List, Optional, Sequence, Tuple

from lading.engines.container_engine import ContainerEngine
from lading.run.loadable_image import LoadableImage
from lading.values.errors import LadingError

# An option that sets a container's ports or network.
_NETWORK_OPTION = re.compile(r"-[pP].*|--(?:publish|publish-all|net|network)(?:=.*)?")

# A value in docker's DriverStatus if images are in containerd's store.
_CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]


@dataclass(frozen=True)
class EngineSession:
    engine: ContainerEngine
    image: LoadableImage

    def load(self) -> str:
        """Make sure that the engine has the image; returns its name there.

        The engine is asked each time, as somebody may have removed the image (pants#16356).
        """
        name = self._present()
        if name is None:
            self._send_missing_layers()
            name = self._present()
        if name is None:
            # The engine can't take layers alone, or has lost the others meanwhile.
            output = self._send(0)
            name = self._present()
        if name is None:
            raise LadingError(
                f"{self.engine.name} can't load the image: "
                f"{output.strip() or 'it does not say why'}."
            )
        return name

    def _present(self) -> Optional[str]:
        for name in self.image.ids:
            bare = name.partition(":")[2]
            if self.engine.attempt("image", "inspect", bare).returncode == 0:
                return bare
        return None

    def _send_missing_layers(self) -> None:
        """Send only the missing layers, if the engine accepts that and has others."""
        present = self._present_layers()
        if self.engine.name == "podman":
            self._announce(present)
            self._pull()
        elif present and _CONTAINERD_STORE not in (self.engine.info.get("DriverStatus") or ()):
            # That store would have an image whose blobs it lacks.
            self._send(present)

    def _pull(self) -> None:
        """podman reads from a layout only what it lacks. A remote podman can't see it."""
        with tempfile.TemporaryDirectory(prefix="lading-layout-") as layout:
            self.image.write_layout(Path(layout))
            pulled = self.engine.attempt("pull", "--quiet", f"oci:{layout}")
        if pulled.returncode == 0:
            for reference in self.image.references:
                self.engine.attempt("tag", self.image.ids[0].partition(":")[2], reference.name)

    def _present_layers(self) -> int:
        """How many of the image's layers, from the lowest, are in images of the engine.

        docker finds layers by their chain (moby, tarexport/load.go), so these need not be sent.
        """
        listed = self.engine.attempt("image", "ls", "--all", "--quiet", "--no-trunc")
        ids = set(listed.stdout.split())
        return max(
            (_common(layers, self.image.diff_ids) for layers in self._layers_of(ids)), default=0
        )

    def _layers_of(self, ids: AbstractSet[str]) -> Iterator[Sequence[str]]:
        inspect = ("image", "inspect", "--format", "{{json .RootFS.Layers}}")
        found = [self.engine.attempt(*inspect, *ids)] if ids else []
        if found and found[0].returncode:
            # podman says nothing of any image if it can't read one, or one is removed meanwhile.
            found = [self.engine.attempt(*inspect, id) for id in ids]
        for answer in found:
            yield from (json.loads(line) or () for line in answer.stdout.splitlines() if line)

    def _send(self, present: int) -> str:
        """Returns the engine's output."""
        self._announce(present)
        process = self.engine.start("load")
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin:
                self.image.write(process.stdin, present)
        except BrokenPipeError:
            pass  # it has given up, and says why
        output = process.stdout.read().decode("utf-8", "replace")
        process.wait()
        return output

    def _announce(self, present: int) -> None:
        size = self.image.size(present) / 1e6
        sys.stderr.write(f"Loading {size:.1f} MB into {self.engine.name}\n")
        sys.stderr.flush()


def run_arguments(name: str, ports: Sequence[str], options: Sequence[str]) -> List[str]:
    """The arguments for a container that is removed when its program ends. The program's arguments
    may follow."""
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    published = [f"--publish={port.partition('/')[0]}:{port}" for port in ports]
    if any(map(_NETWORK_OPTION.fullmatch, options)):
        published = []
    return ["run", "--rm", "--interactive", *terminal, *published, *options, name]


def _common(one: Sequence[str], other: Tuple[str, ...]) -> int:
    """The length of the common beginning."""
    count = 0
    for left, right in zip(one, other):
        if left != right:
            break
        count += 1
    return count
