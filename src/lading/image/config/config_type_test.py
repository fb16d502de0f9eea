import re
from typing import Any, Dict

import pytest

from lading.image.config.config_type import read_config
from lading.image.config.go_json import MalformedError


def runtime(**fields: Any) -> Dict[str, Any]:
    return {"config": fields}


def healthcheck(**fields: Any) -> Dict[str, Any]:
    return runtime(Healthcheck=fields)


#: `docker load` and `podman load` can't unmarshal any of these.
REFUSED = [
    ([], "`` is [], but must be an object"),
    ({"author": {}}, "`author` is {}, but must be a string"),
    ({"variant": 5}, "`variant` is 5, but must be a string"),
    ({"os.version": 5}, "`os.version` is 5, but must be a string"),
    ({"os.features": "x"}, "`os.features` is 'x', but must be a list of strings"),
    ({"created": ""}, "`created` is '', but must be a time such as 2024-01-31T12:00:00Z"),
    ({"created": "2024-01-01"}, "`created` is '2024-01-01', but must be a time"),
    ({"created": "2024-01-01t00:00:00z"}, "`created` is '2024-01-01t00:00:00z', but"),
    ({"created": "2024-02-30T00:00:00Z"}, "`created` is '2024-02-30T00:00:00Z', but"),
    ({"created": "2016-12-31T23:59:60Z"}, "`created` is '2016-12-31T23:59:60Z', but"),
    ({"created": "2024-01-01T24:00:00Z"}, "`created` is '2024-01-01T24:00:00Z', but"),
    ({"created": 1}, "`created` is 1, but must be a time"),
    ({"config": []}, "`config` is [], but must be an object"),
    ({"rootfs": "x"}, "`rootfs` is 'x', but must be an object"),
    ({"rootfs": {"type": 5}}, "`rootfs.type` is 5, but must be a string"),
    ({"rootfs": {"diff_ids": [5]}}, "`rootfs.diff_ids[0]` is 5, but must be a string"),
    ({"history": {}}, "`history` is {}, but must be a list"),
    ({"history": ["x"]}, "`history[0]` is 'x', but must be an object"),
    ({"history": [{"empty_layer": "true"}]}, "`history[0].empty_layer` is 'true', but must be"),
    ({"history": [{}, {"created": "x"}]}, "`history[1].created` is 'x', but must be a time"),
    ({"container_config": {"Labels": []}}, "`container_config.Labels` is [], but must be an obj"),
    ({"Size": "x"}, "`Size` is 'x', but must be an integer of 64 bits"),
    ({"size": 1.0}, "`size` is 1.0, but must be an integer of 64 bits"),
    ({"parent": 5}, "`parent` is 5, but must be a string"),
    (runtime(Labels={"n": 5}), "`config.Labels.n` is 5, but must be a string"),
    (runtime(Labels=["n"]), "`config.Labels` is ['n'], but must be an object of strings"),
    (runtime(Labels={"\x1b": 5}), "`config.Labels.\\x1b` is 5, but must be a string"),
    (runtime(User=5), "`config.User` is 5, but must be a string without NUL characters"),
    (runtime(user=5), "`config.user` is 5, but must be a string"),
    ({"config": {"u\u017fer": 5}}, "`config.u\u017fer` is 5, but must be a string"),
    (runtime(WorkingDir=5), "`config.WorkingDir` is 5, but must be a string"),
    (runtime(Cmd=[1, 2]), "`config.Cmd[0]` is 1, but must be a string"),
    (runtime(Entrypoint={}), "`config.Entrypoint` is {}, but must be a list of strings"),
    (runtime(Shell=[[]]), "`config.Shell[0]` is [], but must be a string"),
    (runtime(OnBuild="x"), "`config.OnBuild` is 'x', but must be a list of strings"),
    (runtime(Env="A=1"), "`config.Env` is 'A=1', but must be a list of strings"),
    (runtime(Env=[True]), "`config.Env[0]` is True, but must be a string"),
    (runtime(Healthcheck=["x"]), "`config.Healthcheck` is ['x'], but must be an object"),
    (healthcheck(Test="x"), "`config.Healthcheck.Test` is 'x', but must be a list of strings"),
    (healthcheck(Interval="5s"), "`config.Healthcheck.Interval` is '5s', but must be an integer"),
    (healthcheck(Retries=1.5), "`config.Healthcheck.Retries` is 1.5, but must be an integer"),
    (runtime(StopSignal=9), "`config.StopSignal` is 9, but must be a string"),
    (runtime(StopTimeout="5"), "`config.StopTimeout` is '5', but must be an integer"),
    (runtime(StopTimeout=1 << 63), "`config.StopTimeout` is 9223372036854775808, but"),
    (runtime(Volumes={"/x": 5}), "`config.Volumes./x` is 5, but must be an object"),
    (runtime(Volumes="x"), "`config.Volumes` is 'x', but must be an object"),
    (
        runtime(ExposedPorts=["80/tcp"]),
        "`config.ExposedPorts` is ['80/tcp'], but must be an object",
    ),
    (runtime(Tty=1), "`config.Tty` is 1, but must be true or false"),
    (runtime(ArgsEscaped="x"), "`config.ArgsEscaped` is 'x', but must be true or false"),
]

#: docker loads these, but can't start a container from them.
NUL = [
    *(runtime(User="\0"), runtime(Env=["A=\0"]), runtime(Cmd=["\0"]), runtime(Volumes={"\0": {}})),
]


@pytest.mark.parametrize("fields, reason", REFUSED)
def test_what_no_runtime_loads(fields: Any, reason: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(f"in its config, {reason}")):
        read_config(fields)


@pytest.mark.parametrize("fields", NUL)
def test_what_the_kernel_can_not_be_given(fields: Any) -> None:
    with pytest.raises(MalformedError, match="must be a string without NUL characters"):
        read_config(fields)


#: With what is written in their place.
TAKEN = [
    ({}, {}),
    ({"config": None, "rootfs": None, "author": None}, None),
    ({"vendor.key": 5, "config": {"own": [{}]}}, None),
    ({"Author": "x"}, {"author": "x"}),
    ({"created": "2024-02-29T23:59:59.123456789123+01:00"}, None),
    ({"created": "0000-02-29T00:00:00Z"}, None),
    (
        {"history": [None, {"created": None, "more": 5}]},
        {"history": [{}, {"created": None, "more": 5}]},
    ),
    (runtime(Cmd="x", Shell="sh"), runtime(Cmd=["x"], Shell=["sh"])),
    (runtime(Env=[None, ""]), runtime(Env=["", ""])),
    (runtime(Labels={"a": None}), runtime(Labels={"a": ""})),
    (runtime(Volumes={"/x": None, "/y": {"a": 1}}), runtime(Volumes={"/x": {}, "/y": {"a": 1}})),
    (runtime(StopTimeout=(1 << 63) - 1), None),
    (runtime(StopTimeout=-(1 << 63)), None),
]


@pytest.mark.parametrize("fields, read", TAKEN)
def test_what_runtimes_take(fields: Any, read: Any) -> None:
    assert read_config(fields) == (fields if read is None else read)
