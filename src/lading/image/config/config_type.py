"""The type of an image's config: OCI image-spec, config.md, and docker's additions (moby,
image/image.go and api/types/container/config.go)."""

from typing import Any, Dict

from lading.image.config.go_json import (
    BOOLEAN,
    INTEGER,
    KERNEL_STRING,
    STRING,
    STRING_MAP,
    STRINGS,
    TIME,
    ListOf,
    MalformedError,
    Struct,
    set_of,
)

_WORDS = ListOf(KERNEL_STRING, "a list of strings without NUL characters")
# docker reads a string as a list of one; podman and containerd don't.
_COMMAND = ListOf(KERNEL_STRING, "a list of strings without NUL characters", takes_one=True)

_HEALTHCHECK = Struct(
    {
        "Test": _WORDS,
        "Interval": INTEGER,
        "Timeout": INTEGER,
        "StartPeriod": INTEGER,
        "StartInterval": INTEGER,
        "Retries": INTEGER,
    }
)

RUNTIME_CONFIG = Struct(
    {
        "User": KERNEL_STRING,
        "ExposedPorts": set_of(KERNEL_STRING),
        "Env": _WORDS,
        "Entrypoint": _COMMAND,
        "Cmd": _COMMAND,
        "Volumes": set_of(KERNEL_STRING),
        "WorkingDir": KERNEL_STRING,
        "Labels": STRING_MAP,
        "StopSignal": KERNEL_STRING,
        "ArgsEscaped": BOOLEAN,
        # The rest is docker's.
        "Healthcheck": _HEALTHCHECK,
        "OnBuild": STRINGS,
        "Shell": _COMMAND,
        "StopTimeout": INTEGER,
        "Hostname": STRING,
        "Domainname": STRING,
        "MacAddress": STRING,
        "Image": STRING,
        "AttachStdin": BOOLEAN,
        "AttachStdout": BOOLEAN,
        "AttachStderr": BOOLEAN,
        "OpenStdin": BOOLEAN,
        "StdinOnce": BOOLEAN,
        "Tty": BOOLEAN,
        "NetworkDisabled": BOOLEAN,
    }
)

CONFIG = Struct(
    {
        "architecture": STRING,
        "os": STRING,
        "os.version": STRING,
        "os.features": STRINGS,
        "variant": STRING,
        "created": TIME,
        "author": STRING,
        "config": RUNTIME_CONFIG,
        "rootfs": Struct({"type": STRING, "diff_ids": STRINGS}),
        "history": ListOf(
            Struct(
                {
                    "created": TIME,
                    "author": STRING,
                    "created_by": STRING,
                    "comment": STRING,
                    "empty_layer": BOOLEAN,
                }
            )
        ),
        # The rest is docker's.
        "id": STRING,
        "parent": STRING,
        "comment": STRING,
        "container": STRING,
        "container_config": RUNTIME_CONFIG,
        "docker_version": STRING,
        "Size": INTEGER,
    }
)


def read_config(fields: Any) -> Dict[str, Any]:
    """The fields of a config by Go's names. Raises MalformedError for a config that no runtime
    loads."""
    try:
        return CONFIG.read(fields, "")
    except MalformedError as error:
        raise MalformedError(
            f"in its config, {error}. Fix it where the image is built, or choose another one"
        ) from error
