"""The settings for runtimes in an image's config (OCI image-spec, config.md), by the names of the
fields of `docker_image`."""

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple, Union

#: PATH of programs in images that set none, as docker and podman have it.
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
        """Reads the config blob."""
        document = json.loads(text)
        # podman and umoci leave it out when it is empty; others write null.
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
