"""What other programs make an image of: a Dockerfile and the files of one of Lading's images."""

import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import List


@dataclass(frozen=True)
class Context:
    """`directory` has a Dockerfile that copies a directory a layer, the one with `changing` last,
    so that no other is copied again when that file changes: that is the best order there is."""

    directory: Path
    changing: Path

    def change(self, text: str) -> None:
        """Make a line of `text` the last of the file, in place of what the last call added."""
        content = self.changing.read_bytes().partition(b"\n# change ")[0]
        self.changing.chmod(0o644)
        self.changing.write_bytes(content + f"\n# change {text}".encode())


def context_of(archive: Path, directory: Path, changing: str) -> Context:
    """Of an archive of Lading's, in a new directory; `changing` is part of a file's path."""
    directory.mkdir(parents=True)
    layers = _unpack_layers(archive, directory)
    (changed,) = (
        path
        for layer in layers
        for path in (directory / layer).rglob("*")
        if changing in str(path) and path.is_file()
    )
    last = changed.relative_to(directory).parts[0]
    ordered = [layer for layer in layers if layer != last] + [last]
    copies = "".join(f"COPY {layer}/ /\n" for layer in ordered)
    (directory / "Dockerfile").write_text(f"FROM scratch\n{copies}")
    return Context(directory, changed)


def _unpack_layers(archive: Path, directory: Path) -> List[str]:
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None, "an archive has this file"
        blobs = json.load(manifest)[0]["Layers"]
    names = []
    for number, blob in enumerate(blobs):
        (directory / str(number)).mkdir()
        unpack = f"tar -xOf {archive} {blob} | gzip -d | tar -x -C {directory / str(number)}"
        subprocess.run(["sh", "-c", unpack], check=True)
        names.append(str(number))
    return names
