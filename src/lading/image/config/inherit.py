"""What an image's config inherits from its base's."""

from dataclasses import replace
from typing import Tuple

from lading.image.config.config import ImageConfig


def inherit(base: ImageConfig, own: ImageConfig) -> ImageConfig:
    """`own` on top of `base`, as a Dockerfile's instructions apply on top of FROM:

    - `env` and `labels` are merged by name; the image's own value wins;
    - `exposed_ports` and `volumes` are united;
    - `cmd` is the base's, unless the image has its own, or an `entrypoint`: the base's arguments
      would go to another program (moby#35027, rules_oci#656);
    - `entrypoint`, `working_dir`, `user`, `stop_signal` and `healthcheck` are the base's if the
      image does not set them. An empty `entrypoint` or `cmd` means that there is none;
    - `platform` is the base's, `created` the image's.

    A pulled image has these values in its own JSON (`BaseConfig`), which is merged by the same
    rules when the config is written.
    """
    cmd = base.cmd if own.entrypoint is None else None
    return replace(
        own,
        platform=base.platform,
        base=base.base,
        entrypoint=base.entrypoint if own.entrypoint is None else own.entrypoint,
        cmd=cmd if own.cmd is None else own.cmd,
        env=_merged(base.env, own.env),
        exposed_ports=_united(base.exposed_ports, own.exposed_ports),
        working_dir=own.working_dir or base.working_dir,
        volumes=_united(base.volumes, own.volumes),
        user=own.user or base.user,
        labels=_merged(base.labels, own.labels),
        stop_signal=own.stop_signal or base.stop_signal,
        healthcheck=own.healthcheck or base.healthcheck,
    )


def _merged(
    base: Tuple[Tuple[str, str], ...], own: Tuple[Tuple[str, str], ...]
) -> Tuple[Tuple[str, str], ...]:
    return tuple(sorted({**dict(base), **dict(own)}.items()))


def _united(base: Tuple[str, ...], own: Tuple[str, ...]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys((*base, *own)))
