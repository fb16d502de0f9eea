"""What `image_main` makes an image of."""

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from lading.image.base_config import BaseConfig
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
class ImageRequest:
    """`layers` are paths of JSON descriptions (`Layer`), lowest first. The first `base_layers` of
    them are of images below, the first `pulled_layers` of a pulled one.

    `repository` and `tags` may have `{hash}` in them (`lading.image.name_template`). `tree` is the
    path of the JSON of the `ImageTree`, in which the user is looked up; `closure` is what lies in
    `/store` of the image.
    """

    config: ImageConfig
    repository: str
    tags: Tuple[str, ...]
    layers: Tuple[str, ...]
    pulled_layers: int
    base_layers: int
    tree: str
    closure: Tuple[ClosureMember, ...]
    debian_reports: Tuple[str, ...] = ()

    def to_json(self) -> str:
        fields = {
            "config": _config_to_dict(self.config),
            "repository": self.repository,
            "tags": list(self.tags),
            "layers": list(self.layers),
            "pulled_layers": self.pulled_layers,
            "base_layers": self.base_layers,
            "tree": self.tree,
            "closure": [{"path": str(member.path), "size": member.size} for member in self.closure],
            "debian_reports": list(self.debian_reports),
        }
        return json.dumps(fields, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ImageRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            config=_config_from_dict(fields["config"]),
            repository=fields["repository"],
            tags=tuple(fields["tags"]),
            layers=tuple(fields["layers"]),
            pulled_layers=fields["pulled_layers"],
            base_layers=fields["base_layers"],
            tree=fields["tree"],
            closure=tuple(
                ClosureMember(StorePath.parse(member["path"]), member["size"])
                for member in fields["closure"]
            ),
            debian_reports=tuple(fields["debian_reports"]),
        )


def _config_to_dict(config: ImageConfig) -> Dict[str, Any]:
    return {
        "platform": str(config.platform),
        "entrypoint": config.entrypoint,
        "cmd": config.cmd,
        "env": dict(config.env),
        "exposed_ports": list(config.exposed_ports),
        "working_dir": config.working_dir,
        "volumes": list(config.volumes),
        "user": config.user,
        "labels": dict(config.labels),
        "stop_signal": config.stop_signal,
        "healthcheck": config.healthcheck.to_dict() if config.healthcheck else None,
        "created": config.created,
        "base": config.base.text if config.base else None,
    }


def _config_from_dict(fields: Dict[str, Any]) -> ImageConfig:
    healthcheck, base = fields["healthcheck"], fields["base"]
    return ImageConfig(
        platform=Platform.parse(fields["platform"]),
        entrypoint=_words(fields["entrypoint"]),
        cmd=_words(fields["cmd"]),
        env=tuple(sorted(fields["env"].items())),
        exposed_ports=tuple(fields["exposed_ports"]),
        working_dir=fields["working_dir"],
        volumes=tuple(fields["volumes"]),
        user=fields["user"],
        labels=tuple(sorted(fields["labels"].items())),
        stop_signal=fields["stop_signal"],
        healthcheck=Healthcheck.from_dict(healthcheck) if healthcheck else None,
        created=fields["created"],
        base=BaseConfig(base) if base else None,
    )


def _words(value: Optional[List[str]]) -> Optional[Tuple[str, ...]]:
    return None if value is None else tuple(value)
