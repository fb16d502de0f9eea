"""What an image's config says to those who run it (OCI image-spec, config.md), by the names that
the fields of `docker_image` have."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple, Union

#: Of programs in images that set none, in docker and podman.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class RuntimeConfig:
    """`exposed_ports` and `volumes` are sorted."""

    entrypoint: Tuple[str, ...]
    cmd: Tuple[str, ...]
    env: Mapping[str, str]
    labels: Mapping[str, str]
    exposed_ports: Tuple[str, ...]
    volumes: Tuple[str, ...]
    working_dir: str
    user: str
    stop_signal: str

    @classmethod
    def from_json(cls, text: str) -> "RuntimeConfig":
        """From the config blob."""
        document = json.loads(text)
        # podman and umoci leave it out where it is empty, and others write null.
        fields: Dict[str, Any] = document.get("config") or {}
        env = (text.partition("=") for text in fields.get("Env") or ())
        return cls(
            entrypoint=tuple(fields.get("Entrypoint") or ()),
            cmd=tuple(fields.get("Cmd") or ()),
            env={name: value for name, _, value in env},
            labels=dict(fields.get("Labels") or {}),
            exposed_ports=tuple(sorted(fields.get("ExposedPorts") or ())),
            volumes=tuple(sorted(fields.get("Volumes") or ())),
            working_dir=fields.get("WorkingDir") or "",
            user=fields.get("User") or "",
            stop_signal=fields.get("StopSignal") or "",
        )

    def value(self, key: str) -> Union[str, Tuple[str, ...], Mapping[str, str]]:
        value: Union[str, Tuple[str, ...], Mapping[str, str]] = vars(self)[key]
        return value
