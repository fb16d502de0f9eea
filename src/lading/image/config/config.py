"""The config of an image (OCI image-spec, config.md)."""

from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple

from lading.files.container_path import parse_container_path, parse_volume
from lading.image.config.base_config import BaseConfig
from lading.image.config.command import check_command
from lading.image.config.environment import check_environment
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.labels import check_labels
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.config.ports import parse_port
from lading.image.config.stop_signal import parse_stop_signal
from lading.image.config.user import User
from lading.values.canonical_json import canonical_json

#: One second after the epoch, because some tools take zero for "not set" (rules_oci#655, jib#341).
DEFAULT_CREATED = "1970-01-01T00:00:01Z"


@dataclass(frozen=True)
class ImageConfig:
    """What a runtime does with an image. Raises a LadingError for values that no runtime
    accepts."""

    platform: Platform
    #: It and `cmd` are None if they are not set; only `inherit` cares about the difference from an
    #: empty list.
    entrypoint: Optional[Tuple[str, ...]] = None
    cmd: Optional[Tuple[str, ...]] = None
    #: In any order; written sorted.
    env: Tuple[Tuple[str, str], ...] = ()
    #: As `parse_port` returns them.
    exposed_ports: Tuple[str, ...] = ()
    working_dir: str = ""
    volumes: Tuple[str, ...] = ()
    user: str = ""
    #: In any order; written sorted.
    labels: Tuple[Tuple[str, str], ...] = ()
    stop_signal: str = ""
    healthcheck: Optional[Healthcheck] = None
    #: In RFC 3339 format.
    created: str = DEFAULT_CREATED
    #: The config of the pulled image at the bottom, if there is one; its values are used for fields
    #: that are not set here.
    base: Optional[BaseConfig] = None

    def __post_init__(self) -> None:
        check_command("entrypoint", self.entrypoint or ())
        # It may be arguments to the base's entrypoint, and the first of those may be empty.
        check_command("cmd", self.cmd or (), is_program=False)
        check_environment(dict(self.env))
        check_labels(dict(self.labels))
        for port in self.exposed_ports:
            parse_port(port)
        for volume in self.volumes:
            parse_volume("volumes", volume)
        if self.working_dir:
            parse_container_path("working_dir", self.working_dir)
        if self.user:
            User.parse(self.user)
        if self.stop_signal:
            parse_stop_signal(self.stop_signal)

    @property
    def environment(self) -> Dict[str, str]:
        """The environment that a program gets, with the base's variables."""
        return {**(self.base.environment if self.base else {}), **dict(self.env)}

    def to_bytes(self, layers: Sequence[Layer]) -> bytes:
        """The config blob of an image with these layers: lowest first, including those of `base`.

        The history accounts for each layer, because AWS Lambda, Artifactory and builders that take
        the image as a base count them (rules_oci#645, #654; nix2container#57).
        """
        base = self.base
        history = base.history(self.created) if base else []
        own_layers = layers[base.layer_count :] if base else layers
        fields = self._runtime_fields()
        return canonical_json(
            {
                **(base.fields if base else {}),
                **self.platform.to_dict(),
                "created": self.created,
                "config": base.merged(fields) if base else _without_empty(fields),
                "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]},
                "history": [
                    *history,
                    *(
                        {"created": self.created, "created_by": layer.created_by}
                        for layer in own_layers
                    ),
                ],
            }
        )

    def _runtime_fields(self) -> Dict[str, Any]:
        """The runtime fields that are set. An empty list means that there is explicitly none."""
        ports = [port for text in self.exposed_ports for port in parse_port(text)]
        fields: Dict[str, Any] = {
            "Env": [f"{name}={value}" for name, value in sorted(self.env)],
            "ExposedPorts": {port: {} for port in ports},
            "WorkingDir": self.working_dir,
            "Volumes": {volume: {} for volume in self.volumes},
            "User": self.user,
            "Labels": dict(self.labels),
            "StopSignal": self.stop_signal,
            "Healthcheck": self.healthcheck.to_dict() if self.healthcheck else {},
        }
        said = _without_empty(fields)
        if self.entrypoint is not None:
            said["Entrypoint"] = list(self.entrypoint)
        if self.cmd is not None:
            said["Cmd"] = list(self.cmd)
        return said


def _without_empty(fields: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in fields.items() if value}
