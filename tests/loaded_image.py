"""Images of dist/ in docker or podman."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List

from conftest import ContainerEngine


@dataclass(frozen=True)
class LoadedImage:
    """An image in an engine, what loading it printed, and its description in dist/."""

    engine: ContainerEngine
    printed: str
    description: Dict[str, Any]

    @property
    def id(self) -> str:
        """Without the algorithm, which podman does not take."""
        id: str = self.description["image"]["id"]
        return id.partition(":")[2]

    @property
    def packages(self) -> List[str]:
        return sorted(package["name"] for package in self.description["closure"])

    def inspect(self, field: str) -> Any:
        template = "{{json " + field + "}}"
        return json.loads(self.engine("image", "inspect", f"--format={template}", self.id))

    def run(self, *command: str, user: str = "") -> List[str]:
        """The lines that the command prints in a container."""
        options = [f"--user={user}"] if user else []
        return self.engine.run("--rm", *options, self.id, *command).splitlines()


@dataclass(frozen=True)
class Loader:
    """Loads each image of a directory at its first use."""

    engine: ContainerEngine
    directory: Path
    _loaded: Dict[str, LoadedImage] = field(default_factory=dict)

    def __call__(self, name: str) -> LoadedImage:
        if name not in self._loaded:
            printed = self.engine("load", "--input", str(self.directory / f"{name}.tar"))
            description = json.loads((self.directory / f"{name}.json").read_text())
            self._loaded[name] = LoadedImage(self.engine, printed, description)
        return self._loaded[name]

    def remove(self) -> None:
        """All that were loaded."""
        if self._loaded:
            self.engine("image", "rm", "--force", *(one.id for one in self._loaded.values()))
