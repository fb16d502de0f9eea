"""Other programs that make images of a context, and write archives of them."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from speed.contest import Contestant
from speed.context import Context
from speed.workspace import output


@dataclass(frozen=True)
class Builder:
    """`build` prints the image's id, given a context's directory behind it; `save` makes an archive
    of that image, given its id and a file's name in the place of `ID` and `FILE`."""

    name: str
    build: Tuple[str, ...]
    save: Tuple[str, ...]
    remove: Tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)

    def image(self, directory: Path, *options: str) -> str:
        argv = (*self.build, *options, str(directory))
        return output(*argv, environ=self.environ).split("\n")[-1]

    def archive(self, image: str, file: Path) -> None:
        file.unlink(missing_ok=True)  # some add to what is there
        values = {"ID": image, "FILE": str(file)}
        output(*(_fill(word, values) for word in self.save), environ=self.environ)

    def discard(self, image: str) -> None:
        subprocess.run(
            [*self.remove, image],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


def _fill(word: str, values: Dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _docker(program: str, name: str, buildkit: str) -> Builder:
    return Builder(
        name,
        (program, "build", "--quiet"),
        (program, "save", "--output", "FILE", "ID"),
        (program, "image", "rm", "--force"),
        {"DOCKER_BUILDKIT": buildkit},
    )


_DOCKER, _BUILDKIT = "docker", "docker, BuildKit"
_PODMAN = Builder(
    "podman",
    ("podman", "build", "--quiet"),
    ("podman", "save", "--quiet", "--output", "FILE", "ID"),
    ("podman", "image", "rm", "--force"),
)
_BUILDAH = Builder(
    "buildah",
    ("buildah", "build", "--layers", "--quiet"),
    ("buildah", "push", "--quiet", "ID", "docker-archive:FILE"),
    ("buildah", "rmi", "--force"),
)


_NAMES = (_DOCKER, _BUILDKIT, _PODMAN.name, _BUILDAH.name)


def _candidates() -> Iterator[Builder]:
    """docker's builders, of the first client that can: newer ones need a plugin for BuildKit."""
    clients = [
        str(Path(directory) / "docker")
        for directory in os.environ["PATH"].split(os.pathsep)
        if (Path(directory) / "docker").exists()
    ]
    for name, buildkit in ((_DOCKER, "0"), (_BUILDKIT, "1")):
        yield from (_docker(client, name, buildkit) for client in clients)
    yield from (_PODMAN, _BUILDAH)


def builders(scratch: Path) -> Sequence[Builder]:
    """Those that work here, by name the first; the others are reported."""
    (scratch / "file").write_text("")
    (scratch / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    found: Dict[str, Builder] = {}
    for builder in _candidates():
        if builder.name not in found and _works(builder, scratch):
            found[builder.name] = builder
    for name in _NAMES:
        if name not in found:
            _tell_lack(name)
    return list(found.values())


def find_docker(scratch: Path) -> Optional[Builder]:
    """docker's own builder, if it works here."""
    found = (builder for builder in builders(scratch) if builder.name == _DOCKER)
    return next(found, None)


def _works(builder: Builder, directory: Path) -> bool:
    try:
        builder.discard(builder.image(directory))
    except (AssertionError, OSError):
        return False
    return True


class Peers:
    """Contestants of `builders`; images that they make are removed at the end."""

    def __init__(self, all_builders: Sequence[Builder]) -> None:
        self.builders = all_builders
        self._made: List[Tuple[Builder, str]] = []

    def builds(self, of: str, context: Context) -> List[Contestant]:
        """`docker build` and its like, of what did not change."""
        return [
            Contestant(f"{builder.name} build, {of}", partial(self._build, context, builder))
            for builder in self.builders
        ]

    def builds_and_saves(self, of: str, context: Context, file: Path) -> List[Contestant]:
        """`docker build` and `docker save`, after a change."""
        return [
            Contestant(
                f"{builder.name} build + save, {of}",
                partial(self._build_and_save, context, builder, file),
                context.change,
            )
            for builder in self.builders
        ]

    def _build_and_save(self, context: Context, builder: Builder, file: Path) -> None:
        builder.archive(self._build(context, builder), file)

    def _build(self, context: Context, builder: Builder) -> str:
        image = builder.image(context.directory)
        self._made.append((builder, image))
        return image

    def discard(self) -> None:
        for builder, image in self._made:
            builder.discard(image)
        self._made.clear()


@contextmanager
def peers(scratch: Path) -> Iterator[Peers]:
    all_peers = Peers(builders(scratch))
    try:
        yield all_peers
    finally:
        all_peers.discard()


@dataclass(frozen=True)
class UmociLayout:
    """An OCI layout that umoci adds a layer with a file to, which is the least that it can do."""

    layout: Path
    archive: Path

    @classmethod
    def of(cls, archive: Path, scratch: Path) -> "UmociLayout":
        """With the image of an archive of Lading's."""
        layout = scratch / "layout"
        output("skopeo", "copy", f"docker-archive:{archive}", f"oci:{layout}:base")
        return cls(layout, scratch / "umoci.tar")

    def insert(self, file: Path) -> None:
        image = f"{self.layout}:base"
        output("umoci", "insert", "--image", image, "--tag", "changed", str(file), "/changed")
        output("umoci", "gc", "--layout", str(self.layout))
        output("tar", "-C", str(self.layout), "-cf", str(self.archive), ".")


def umoci_inserts(name: str, archive: Path, context: Context, scratch: Path) -> List[Contestant]:
    """`umoci insert` into an archive's image after a change, under that name; nothing where there
    is no umoci."""
    if not has("umoci", "skopeo"):
        return []
    umoci = UmociLayout.of(archive, scratch)
    return [Contestant(name, partial(umoci.insert, context.changing), context.change)]


def has(*programs: str) -> bool:
    """Whether all are on the PATH; the others are reported, as their rows are missing."""
    lacking = [program for program in programs if shutil.which(program) is None]
    for program in lacking:
        _tell_lack(program)
    return not lacking


def _tell_lack(name: str) -> None:
    print(f"    no {name} here, and no rows of it", file=sys.stderr, flush=True)
