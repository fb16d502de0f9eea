from __future__ import annotations

from typing import Any

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException, InvalidTargetException
from pants.util.frozendict import FrozenDict

from lading_pants.image.fields.docker_image import (
    CmdField,
    ContentsField,
    DockerImageTarget,
    EntrypointField,
    ExposedPortsField,
    HealthcheckField,
    ImageEnvField,
    ImageTagsField,
    LabelsField,
    RepositoryField,
    RunAsRootField,
    RunAsRootToolsField,
    StopSignalField,
    UserField,
    VolumesField,
    WorkingDirField,
)
from lading_pants.image.fields.image_root import (
    DirectoriesField,
    FilesField,
    GroupsField,
    SymlinksField,
    UsersField,
)
from lading_pants.publish.publish_fields import RegistriesField

ADDRESS = Address("images", target_name="redis")


@pytest.mark.parametrize(
    "field, value, reason",
    [
        # nixpkgs PR#509308
        (CmdField, "redis-server", 'is a string. Write a list: `cmd=["redis-server"]`.'),
        (CmdField, 'sh -c "a b"', '`cmd=["sh", "-c", "a b"]`'),
        (CmdField, 'sh "', '`cmd=["sh \\""]`'),
        (CmdField, ["{//3rdparty/redis"], "has `{//` without a `}`"),
        (RunAsRootField, "ls\n{//3rdparty/redis", "'{//3rdparty/redis' has `{//` without a `}`"),
        (RunAsRootToolsField, "//a", 'Write a list: `run_as_root_tools=["//a"]`.'),
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
        (LabelsField, {"x": "{//}"}, "which is not an address"),
        (UserField, "a b", "`user` is 'a b'"),
        (StopSignalField, "TERM", "`stop_signal` is 'TERM', which is not a Linux signal"),
        (HealthcheckField, ["CMD", "x"], "`healthcheck` is ['CMD', 'x'], which is not a dict"),
        (HealthcheckField, {"test": "x"}, "`healthcheck` has 'x' for `test`"),
        (HealthcheckField, {"test": ["CMD", "{//"]}, "has `{//` without a `}`"),
        (RepositoryField, "Redis", "Write `redis`"),
        (ImageTagsField, ["a b"], "`image_tags` has 'a b', which is not a tag"),
        (DirectoriesField, {"data": "0755"}, "`directories` has 'data', which is not absolute"),
        (DirectoriesField, {"/data": "rwx"}, "`directories` gives '/data' the mode 'rwx'"),
        (DirectoriesField, {"/data": 755}, "`directories` gives '/data' the value 755"),
        (UsersField, ["redis"], "`users` is ['redis'], which is not a dictionary with strings"),
        (UsersField, {1: 2}, "`users` is {1: 2}, which is not a dictionary with strings as keys"),
        (UsersField, {"redis": "999"}, "`users` gives 'redis' the value '999'"),
        (UsersField, {"redis": {"uid": 9, "shell": "{//"}}, "has `{//` without a `}`"),
        (GroupsField, {"web": {}}, "`groups` gives 'web' no `gid`"),
        (SymlinksField, {"bin/sh": "x"}, "`symlinks` has 'bin/sh', which is not absolute"),
        (SymlinksField, {"/bin/sh": "{//}"}, "which is not an address"),
        # Values quoted in a message can't affect a terminal, and can be encoded in UTF-8.
        (VolumesField, ["a\x1b[1m\ud800"], "Write `/a\\x1b[1m\\ud800`."),
        (EntrypointField, [""], "`entrypoint` begins with an empty string, which names no program"),
        (EntrypointField, ["\0"], "but no argument can hold a NUL character"),
        (CmdField, ["x", "\0"], "but no argument can hold a NUL character"),
        (RunAsRootField, "a\0b", "a NUL character, which no command can hold"),
        (WorkingDirField, "/x\n", "`working_dir` has '/x\\n', but '\\n' can't be in a path"),
        (VolumesField, ["/proc/x"], "where no runtime can mount a volume"),
        (LabelsField, {"a": "\0"}, "a label can't hold a NUL character"),
        (StopSignalField, "SIGRTMIN+99", "which is not a Linux signal"),
        (UserField, "9" * 5000, "`user` is '999"),
        (UsersField, {"redis": {"uid": 9, "home": "/x\t"}}, "'\\t' can't be in a path"),
        (UsersField, {"redis": {"uid": 9, "group": "9" * 5000}}, "the `group` '999"),
        (FilesField, {"/.wh.f": ""}, "a name that begins with '.wh.' deletes files"),
        (FilesField, {"/a/.wh..wh..opq": ""}, "a name that begins with '.wh.' deletes files"),
        (FilesField, {"/dev/null": ""}, "runtimes mount their own /dev over the image's"),
        (FilesField, {"/proc/x/": {"source": ":x"}}, "runtimes mount their own /proc over"),
        (FilesField, {"/" + "x" * 300: ""}, "a name has 300 bytes. Linux allows 255"),
        (SymlinksField, {"/x": "a/" * 2500}, "which has 5000 bytes. Linux allows 4095"),
        (SymlinksField, {"/sys": "x"}, "runtimes mount their own /sys over the image's"),
        (DirectoriesField, {"/proc/x": "0755"}, "runtimes mount their own /proc over"),
        (RegistriesField, ["localhost:99999"], "which is not a registry"),
        (RegistriesField, ["$(id):5000"], "which is not a registry"),
        (RegistriesField, ["a..b"], "which is not a registry"),
        (RepositoryField, "localhost:99999/x", "which is not a host name"),
        (FilesField, {"/etc/x": {"mode": "0644"}}, "`files` must give '/etc/x' either a `text`"),
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
        (UsersField, {"a": 9, "b": {"uid": 1}}, {"a": 9, "b": FrozenDict({"uid": 1})}),
        (FilesField, {"/x": {"source": ":x"}}, {"/x": FrozenDict({"source": ":x"})}),
        (SymlinksField, {"/x": "{//a}/b"}, {"/x": "{//a}/b"}),
    ],
)
def test_a_good_value_is_kept(field: Any, value: Any, expected: Any) -> None:
    found = field(value, ADDRESS).value
    assert (dict(found) if isinstance(found, FrozenDict) else found) == expected
    hash(found)


def test_nixpkgs_75038_help_tells_that_nothing_is_set_by_itself() -> None:
    assert "Nothing is set by default" in str(ImageEnvField.help)
    assert "`USER`" in str(ImageEnvField.help)


def test_a_target_name_that_is_no_repository() -> None:
    with pytest.raises(InvalidTargetException, match="so Lading uses the target's name"):
        DockerImageTarget({}, Address("images", target_name="Redis"))
    DockerImageTarget({"repository": "redis"}, Address("images", target_name="Redis"))


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"labels": {"a": "\ud800"}}, "`labels` has '\\ud800', half of a surrogate pair"),
        ({"files": {"/\ud800": "x"}}, "`files` has '\\ud800', half of a surrogate pair"),
        ({"user": "redis"}, "`user` is 'redis', but 'redis' is not in the image's /etc/passwd"),
        (
            {"run_as_root_tools": ["//a"]},
            "`run_as_root_tools` is for the commands of `run_as_root`",
        ),
        ({"user": "redi", "users": {"redis": 999}}, "`user` is 'redi', but 'redi' is not in"),
        ({"directories": {"/data": "0750 redis:redis"}}, "`directories` gives '/data' to 'redis'"),
        (
            {"contents": ["//a"], "symlinks": {"/x": "y"}, "files": {"/x": ""}},
            "`files` has '/x', which `symlinks` makes too",
        ),
    ],
)
def test_fields_that_contradict_each_other(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidTargetException) as error:
        DockerImageTarget(fields, ADDRESS)
    assert f"`docker_image` images:redis: {reason}" in str(error.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "redis", "users": {"redis": 999}, "directories": {"/data": "0750 redis:redis"}},
        {"user": "redis", "contents": ["//some/passwd"]},
        {"user": "redis", "run_as_root": "useradd redis", "run_as_root_tools": ["//a"]},
        {"user": "redis", "files": {"/etc/passwd": "redis:x:9:9::/:\n"}},
    ],
)
def test_fields_that_may_fit(fields: dict[str, Any]) -> None:
    DockerImageTarget(fields, ADDRESS)
