import json
from dataclasses import replace
from typing import Any, Dict

import pytest

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.values.digest import Sha256
from lading.values.errors import LadingError

AMD64 = Platform("linux", "amd64")
LAYER = Layer(Sha256("a" * 64), Sha256("b" * 64), 100, GZIP_MEDIA_TYPE, "lading", 300)
REDIS = ImageConfig(
    platform=AMD64,
    entrypoint=("/bin/redis-server",),
    cmd=("--port", "6379"),
    env=(("PATH", "/bin"), ("LANG", "C.UTF-8")),
    exposed_ports=("6379", "6380-6381/udp"),
    working_dir="/data",
    volumes=("/data",),
    user="999:999",
    labels=(("a", "ü"),),
    stop_signal="SIGTERM",
    healthcheck=Healthcheck(("CMD", "redis-cli", "ping"), (("Interval", 10**9),), 3),
)


def fields_of(config: ImageConfig, *layers: Layer) -> Dict[str, Any]:
    fields: Dict[str, Any] = json.loads(config.to_bytes(layers))
    return fields


def test_every_field_in_the_form_of_the_image_spec() -> None:
    assert fields_of(REDIS, LAYER) == {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:01Z",
        "config": {
            "Entrypoint": ["/bin/redis-server"],
            "Cmd": ["--port", "6379"],
            "Env": ["LANG=C.UTF-8", "PATH=/bin"],
            "ExposedPorts": {"6379/tcp": {}, "6380/udp": {}, "6381/udp": {}},
            "WorkingDir": "/data",
            "Volumes": {"/data": {}},
            "User": "999:999",
            "Labels": {"a": "ü"},
            "StopSignal": "SIGTERM",
            "Healthcheck": {
                "Test": ["CMD", "redis-cli", "ping"],
                "Interval": 1000000000,
                "Retries": 3,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "b" * 64]},
        "history": [{"created": "1970-01-01T00:00:01Z", "created_by": "lading"}],
    }


def test_the_bytes_stay_the_same() -> None:
    digest = Sha256.of(REDIS.to_bytes([LAYER]))
    assert digest.hex == "5a80eb85450479aa5a6674573abb3cc8bb02465e01c91fcfd9985485e1fe5c90"


def test_order_of_env_and_labels_does_not_count() -> None:
    other = replace(REDIS, env=REDIS.env[::-1], labels=REDIS.labels[::-1])
    assert other.to_bytes([LAYER]) == REDIS.to_bytes([LAYER])


def test_rules_oci_645_654_n2c_57_one_history_entry_a_layer() -> None:
    assert len(fields_of(REDIS, LAYER, LAYER)["history"]) == 2


def test_rules_oci_655_jib_341_created_is_set_and_not_zero() -> None:
    assert fields_of(ImageConfig(AMD64), LAYER)["created"] == "1970-01-01T00:00:01Z"


def test_nixpkgs_pr_201902_the_config_carries_the_target_architecture() -> None:
    fields = fields_of(ImageConfig(Platform.parse("linux/arm64/v8")))
    assert (fields["architecture"], fields["variant"]) == ("arm64", "v8")


def test_unset_fields_are_absent() -> None:
    assert fields_of(ImageConfig(AMD64))["config"] == {}


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"exposed_ports": ("http",)}, "`exposed_ports` has 'http', but a number"),
        ({"env": (("A=B", "c"),)}, "`env` has the name 'A=B'"),
        ({"volumes": ("data",)}, "`volumes` has 'data', which is not absolute. Write `/data`"),
        ({"working_dir": "./data"}, "`working_dir` has './data', which is not absolute"),
        ({"user": "a b"}, "`user` is 'a b'"),
        ({"stop_signal": "TERM"}, "Did you mean `SIGTERM`?"),
    ],
)
def test_no_config_with_a_bad_value(change: Dict[str, Any], reason: str) -> None:
    with pytest.raises(LadingError) as error:
        replace(REDIS, **change)
    assert reason in str(error.value)
