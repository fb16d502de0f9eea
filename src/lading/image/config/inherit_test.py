from dataclasses import replace
from typing import Any

import pytest

from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.inherit import inherit
from lading.image.config.platform import Platform

LINUX = Platform("linux", "amd64")
BASE = ImageConfig(
    platform=LINUX,
    entrypoint=("/entry",),
    cmd=("/cmd",),
    env=(("A", "base"), ("B", "base")),
    exposed_ports=("80/tcp",),
    working_dir="/srv",
    volumes=("/data",),
    user="redis",
    labels=(("a", "base"), ("b", "base")),
    stop_signal="SIGINT",
    healthcheck=Healthcheck(("CMD", "x")),
)


def test_n2c_pr_196_what_is_not_said_is_the_base_s() -> None:
    assert inherit(BASE, ImageConfig(LINUX)) == BASE


def test_dockertools_base_env_inherited_own_value_wins_order_stable() -> None:
    own = ImageConfig(LINUX, env=(("C", "own"), ("A", "own")), labels=(("b", "own"),))
    config = inherit(BASE, own)
    assert config.env == (("A", "own"), ("B", "base"), ("C", "own"))
    assert config.labels == (("a", "base"), ("b", "own"))


def test_ports_and_volumes_are_united() -> None:
    own = ImageConfig(LINUX, exposed_ports=("81", "80/tcp"), volumes=("/more", "/data"))
    config = inherit(BASE, own)
    assert config.exposed_ports == ("80/tcp", "81")
    assert config.volumes == ("/data", "/more")


@pytest.mark.parametrize(
    "own, entrypoint, cmd",
    [
        ({}, ("/entry",), ("/cmd",)),
        ({"cmd": ("/own",)}, ("/entry",), ("/own",)),
        ({"entrypoint": ("/own",)}, ("/own",), None),
        ({"entrypoint": ("/own",), "cmd": ("x",)}, ("/own",), ("x",)),
        ({"entrypoint": ()}, (), None),
        ({"cmd": ()}, ("/entry",), ()),
    ],
)
def test_moby_35027_rules_oci_656_an_own_entrypoint_clears_cmd(
    own: Any, entrypoint: Any, cmd: Any
) -> None:
    config = inherit(BASE, ImageConfig(LINUX, **own))
    assert (config.entrypoint, config.cmd) == (entrypoint, cmd)


@pytest.mark.parametrize(
    "field, value",
    [
        ("working_dir", "/own"),
        ("user", "5:5"),
        ("stop_signal", "SIGQUIT"),
        ("healthcheck", Healthcheck(("NONE",))),
    ],
)
def test_what_is_said_wins(field: str, value: Any) -> None:
    config = inherit(BASE, replace(ImageConfig(LINUX), **{field: value}))
    assert config == replace(BASE, **{field: value})
