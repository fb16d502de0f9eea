from __future__ import annotations

from typing import Any

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException, InvalidTargetException
from pants.util.frozendict import FrozenDict

from lading_pants.targets.docker_image import (
    CmdField,
    ContentsField,
    DirectoriesField,
    DockerImageTarget,
    EntrypointField,
    ExposedPortsField,
    HealthcheckField,
    ImageEnvField,
    ImageTagsField,
    LabelsField,
    RepositoryField,
    StopSignalField,
    UserField,
    VolumesField,
    WorkingDirField,
)

ADDRESS = Address("images", target_name="redis")


@pytest.mark.parametrize(
    "field, value, reason",
    [
        (CmdField, "redis-server", 'is a string. Write a list: `cmd=["redis-server"]`.'),
        (CmdField, 'sh -c "a b"', '`cmd=["sh", "-c", "a b"]`'),
        (CmdField, 'sh "', '`cmd=["sh \\""]`'),
        (CmdField, ["{//3rdparty/redis"], "has `{//` without a `}`"),
        (EntrypointField, "redis-server", 'Write a list: `entrypoint=["redis-server"]`.'),
        (EntrypointField, [1], "`entrypoint` has 1, which is not a string"),
        (EntrypointField, {"a": "b"}, "`entrypoint` is {'a': 'b'}, which is not a list"),
        (ContentsField, "//a", 'Write a list: `contents=["//a"]`.'),
        (ContentsField, [""], "`contents` has an empty string"),
        (ExposedPortsField, ["http"], "`exposed_ports` has 'http', but a number"),
        (ExposedPortsField, [6379], "`exposed_ports` has 6379, which is not a string"),
        (VolumesField, ["data"], "`volumes` has 'data', which is not absolute. Write `/data`."),
        (WorkingDirField, "data", "`working_dir` has 'data', which is not absolute."),
        (ImageEnvField, {"A=B": "c"}, "`env` has the name 'A=B'"),
        (ImageEnvField, {"A": "{//"}, "has `{//` without a `}`"),
        (LabelsField, {"": "x"}, "`labels` has an empty name"),
        (LabelsField, {"x": "{//}"}, "which is no address"),
        (UserField, "a b", "`user` is 'a b'"),
        (StopSignalField, "TERM", "`stop_signal` is 'TERM', which is no signal of Linux"),
        (HealthcheckField, ["CMD", "x"], "`healthcheck` is ['CMD', 'x'], which is not a dict"),
        (HealthcheckField, {"test": "x"}, "`healthcheck` has 'x' for `test`"),
        (HealthcheckField, {"test": ["CMD", "{//"]}, "has `{//` without a `}`"),
        (RepositoryField, "Redis", "Write `redis`"),
        (ImageTagsField, ["a b"], "`image_tags` has 'a b', which is not a tag"),
        (DirectoriesField, {"data": "0755"}, "`directories` has 'data', which is not absolute"),
        (DirectoriesField, {"/data": "rwx"}, "`directories` gives '/data' the mode 'rwx'"),
    ],
)
def test_a_bad_value_is_refused_when_the_build_file_is_read(
    field: Any, value: Any, reason: str
) -> None:
    with pytest.raises(InvalidFieldException) as error:
        field(value, ADDRESS)
    message = str(error.value)
    assert message.startswith("`docker_image` images:redis: ")
    assert reason in message


@pytest.mark.parametrize(
    "field, value, expected",
    [
        (CmdField, ["{//3rdparty/redis}/bin/redis"], ("{//3rdparty/redis}/bin/redis",)),
        (WorkingDirField, "{//3rdparty/redis}/share", "{//3rdparty/redis}/share"),
        (ImageTagsField, None, ("latest",)),
        (VolumesField, ("/data",), ("/data",)),
        (
            HealthcheckField,
            {"test": ["CMD", "x"], "retries": 2},
            {"test": ("CMD", "x"), "retries": 2},
        ),
    ],
)
def test_a_good_value_is_kept(field: Any, value: Any, expected: Any) -> None:
    found = field(value, ADDRESS).value
    assert (dict(found) if isinstance(found, FrozenDict) else found) == expected
    hash(found)


def test_a_target_name_that_is_no_repository() -> None:
    with pytest.raises(InvalidTargetException, match="the target's name is taken"):
        DockerImageTarget({}, Address("images", target_name="Redis"))
    DockerImageTarget({"repository": "redis"}, Address("images", target_name="Redis"))
