"""What `archive_main` makes an archive of."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Tuple

from lading.image.config import ImageConfig
from lading.image.healthcheck import Healthcheck
from lading.image.platform import Platform
from lading.store.path import StorePath


@dataclass(frozen=True)
class ClosureMember:
    """A package in an image. `size` is the sum of its files' bytes."""

    path: StorePath
    size: int


@dataclass(frozen=True)
class LayerFiles:
    """A layer's blob and its JSON description, as paths below the sandbox."""

    blob: str
    description: str


@dataclass(frozen=True)
class ArchiveRequest:
    """`layers` are lowest first, and the first `base_layers` of them the base's; `closure` is what
    lies in `/store` of the image.

    `tree` is the path of the JSON of the `ImageTree`, in which the user is looked up.
    """

    config: ImageConfig
    repository: str
    tags: Tuple[str, ...]
    layers: Tuple[LayerFiles, ...]
    base_layers: int
    tree: str
    closure: Tuple[ClosureMember, ...]

    def to_json(self) -> str:
        fields = {
            "config": _config_to_dict(self.config),
            "repository": self.repository,
            "tags": list(self.tags),
            "layers": [
                {"blob": layer.blob, "description": layer.description} for layer in self.layers
            ],
            "base_layers": self.base_layers,
            "tree": self.tree,
            "closure": [{"path": str(member.path), "size": member.size} for member in self.closure],
        }
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ArchiveRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            config=_config_from_dict(fields["config"]),
            repository=fields["repository"],
            tags=tuple(fields["tags"]),
            layers=tuple(
                LayerFiles(layer["blob"], layer["description"]) for layer in fields["layers"]
            ),
            base_layers=fields["base_layers"],
            tree=fields["tree"],
            closure=tuple(
                ClosureMember(StorePath.parse(member["path"]), member["size"])
                for member in fields["closure"]
            ),
        )


def _config_to_dict(config: ImageConfig) -> Dict[str, Any]:
    return {
        "platform": str(config.platform),
        "entrypoint": list(config.entrypoint or ()),
        "cmd": list(config.cmd or ()),
        "env": dict(config.env),
        "exposed_ports": list(config.exposed_ports),
        "working_dir": config.working_dir,
        "volumes": list(config.volumes),
        "user": config.user,
        "labels": dict(config.labels),
        "stop_signal": config.stop_signal,
        "healthcheck": config.healthcheck.to_dict() if config.healthcheck else None,
        "created": config.created,
    }


def _config_from_dict(fields: Dict[str, Any]) -> ImageConfig:
    healthcheck = fields["healthcheck"]
    return ImageConfig(
        platform=Platform.parse(fields["platform"]),
        entrypoint=tuple(fields["entrypoint"]),
        cmd=tuple(fields["cmd"]),
        env=tuple(sorted(fields["env"].items())),
        exposed_ports=tuple(fields["exposed_ports"]),
        working_dir=fields["working_dir"],
        volumes=tuple(fields["volumes"]),
        user=fields["user"],
        labels=tuple(sorted(fields["labels"].items())),
        stop_signal=fields["stop_signal"],
        healthcheck=Healthcheck.from_dict(healthcheck) if healthcheck else None,
        created=fields["created"],
    )
