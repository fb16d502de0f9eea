import json
from typing import Any, Dict

import pytest

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.base_config import BaseConfig
from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.inherit import inherit
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.values.digest import Sha256
from lading.values.errors import LadingError

ARM = Platform("linux", "arm64", "v8")
OWN = Layer(Sha256("c" * 64), Sha256("d" * 64), 100, GZIP_MEDIA_TYPE, "lading", 300)
LOWER = [Layer(Sha256(x * 64), Sha256(x * 64), 1, GZIP_MEDIA_TYPE, "not used", 2) for x in "ab"]
HISTORY = [
    {"created": "2024-01-01T00:00:00Z", "created_by": "ADD rootfs"},
    {"created": "2024-01-01T00:00:00Z", "created_by": "CMD", "empty_layer": True},
    {"created": "2024-01-01T00:00:00Z", "created_by": "RUN", "comment": "kept"},
]
DEBIAN: Dict[str, Any] = {
    "architecture": "arm64",
    "os": "linux",
    "os.version": "1.2",
    "created": "2024-01-01T00:00:00Z",
    "author": "Debian",
    "config": {
        "Cmd": ["bash"],
        "Entrypoint": None,
        "Env": ["PATH=/usr/bin", "LANG=C", "ODD"],
        "ExposedPorts": {"80/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "x"], "StartInterval": 5},
        "Labels": {"a": "base", "b": "base"},
        "Shell": ["/bin/bash", "-c"],
        "StopSignal": "SIGQUIT",
        "User": "www-data",
        "Volumes": {"/data": {}},
        "WorkingDir": "/srv",
    },
    "history": HISTORY,
    "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in LOWER]},
    "vendor.key": {"x": 1},
}


def base(**changes: Any) -> ImageConfig:
    return ImageConfig(ARM, base=BaseConfig(json.dumps({**DEBIAN, **changes})))


def written(config: ImageConfig) -> Dict[str, Any]:
    fields: Dict[str, Any] = json.loads(config.to_bytes([*LOWER, OWN]))
    return fields


def on_debian(**own: Any) -> Dict[str, Any]:
    """The runtime fields of an image on the base with the fields `own`."""
    fields: Dict[str, Any] = written(inherit(base(), ImageConfig(ARM, **own)))["config"]
    return fields


def test_n2c_pr_196_what_is_not_said_is_the_base_s_with_unknown_keys() -> None:
    fields = written(inherit(base(), ImageConfig(Platform("linux", "amd64"))))
    assert fields.pop("config") == DEBIAN["config"]
    assert fields.pop("history")[:3] == HISTORY
    assert fields.pop("rootfs")["diff_ids"][2] == str(OWN.diff_id)
    assert fields == {
        "architecture": "arm64",
        "variant": "v8",
        "os": "linux",
        "os.version": "1.2",
        "author": "Debian",
        "created": "1970-01-01T00:00:01Z",
        "vendor.key": {"x": 1},
    }


def test_dockertools_base_env_own_value_wins_order_stable() -> None:
    fields = on_debian(env=(("Z", "1"), ("LANG", "de"), ("A", "2")))
    assert fields["Env"] == ["PATH=/usr/bin", "LANG=de", "ODD", "A=2", "Z=1"]
    assert on_debian(labels=(("b", "own"), ("c", "own")))["Labels"] == {
        "a": "base",
        "b": "own",
        "c": "own",
    }


def test_what_a_program_finds_in_its_environment() -> None:
    config = inherit(base(), ImageConfig(ARM, env=(("LANG", "de"),)))
    assert config.environment == {"PATH": "/usr/bin", "LANG": "de", "ODD": ""}


def test_ports_and_volumes_are_united() -> None:
    fields = on_debian(exposed_ports=("81",), volumes=("/more",))
    assert list(fields["ExposedPorts"]) == ["80/tcp", "81/tcp"]
    assert list(fields["Volumes"]) == ["/data", "/more"]


@pytest.mark.parametrize(
    "own, entrypoint, cmd",
    [
        ({}, None, ["bash"]),
        ({"cmd": ("sh",)}, None, ["sh"]),
        ({"entrypoint": ("/own",)}, ["/own"], None),
        ({"entrypoint": ("/own",), "cmd": ("x",)}, ["/own"], ["x"]),
        ({"cmd": ()}, None, None),
    ],
)
def test_moby_35027_rules_oci_656_an_own_entrypoint_clears_cmd(
    own: Any, entrypoint: Any, cmd: Any
) -> None:
    fields = on_debian(**own)
    assert (fields.get("Entrypoint"), fields.get("Cmd")) == (entrypoint, cmd)


def test_a_chain_of_images_inherits_as_two_steps_would() -> None:
    middle = inherit(base(), ImageConfig(ARM, entrypoint=("/middle",), env=(("A", "1"),)))
    fields = written(inherit(middle, ImageConfig(ARM, env=(("B", "2"),))))["config"]
    assert fields["Entrypoint"] == ["/middle"] and "Cmd" not in fields
    assert fields["Env"][-2:] == ["A=1", "B=2"]


@pytest.mark.parametrize(
    "own, name, value",
    [
        ({"user": "5:5"}, "User", "5:5"),
        ({"working_dir": "/own"}, "WorkingDir", "/own"),
        ({"stop_signal": "SIGINT"}, "StopSignal", "SIGINT"),
        ({"healthcheck": Healthcheck(("NONE",))}, "Healthcheck", {"Test": ["NONE"]}),
    ],
)
def test_what_is_said_wins(own: Any, name: str, value: Any) -> None:
    assert on_debian(**own) == {**DEBIAN["config"], name: value}


@pytest.mark.parametrize("history", [None, [], HISTORY[:1], [*HISTORY, *HISTORY], [None]])
def test_rules_oci_645_a_history_that_does_not_fit_is_replaced(history: Any) -> None:
    entries = written(base(history=history))["history"]
    assert [entry["created_by"] for entry in entries] == [*["a layer of the base"] * 2, "lading"]


@pytest.mark.parametrize("config", [None, {}])
def test_a_base_may_say_nothing(config: Any) -> None:
    fields = written(inherit(base(config=config), ImageConfig(ARM, cmd=("x",))))
    assert fields["config"] == {"Cmd": ["x"]}


def test_a_config_that_no_runtime_takes_is_refused() -> None:
    with pytest.raises(LadingError) as raised:
        base(config={"Env": ["A" * 1000, 1]})
    assert str(raised.value) == (
        "the base can't be used: in its config, `config.Env[1]` is 1, but must be a string without "
        "NUL characters. Fix it where the image is built, or choose another one."
    )


def test_other_spellings_mean_what_they_mean_to_docker() -> None:
    fields = base(config={"user": "5", "u\u017fer2": "x", "WORKINGDIR": "/w"}, author=None)
    assert written(inherit(fields, ImageConfig(ARM)))["config"] == {
        "User": "5",
        "u\u017fer2": "x",
        "WorkingDir": "/w",
    }
    assert written(inherit(fields, ImageConfig(ARM, user="6")))["config"]["User"] == "6"


def test_two_spellings_of_one_key_are_refused() -> None:
    with pytest.raises(LadingError, match="`config.User` occurs in two spellings"):
        base(config={"user": "0", "User": "5"})
    with pytest.raises(LadingError, match="`rootfs` occurs in two spellings"):
        base(RootFS={})


def test_what_docker_reads_as_lists_is_written_as_lists() -> None:
    fields = written(base(config={"Cmd": "x", "Shell": "sh", "Env": ["A=1", None]}))["config"]
    assert fields == {"Cmd": ["x"], "Shell": ["sh"], "Env": ["A=1", ""]}
