from __future__ import annotations

from typing import Any

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException, InvalidTargetException
from pants.util.frozendict import FrozenDict

from lading_pants.test.docker_image_test_target import (
    CommandChecksField,
    ConfigChecksField,
    DockerImageTestTarget,
    EngineField,
    FileChecksField,
    MaxSizeField,
    MustNotContainField,
    StructureTestsField,
    texts,
)

ADDRESS = Address("images", target_name="test")


@pytest.mark.parametrize(
    "field, value, reason",
    [
        (
            CommandChecksField,
            {"run": ["a"]},
            "`docker_image_test` images:test: `commands` is {'run': ['a']}, which is not a list.",
        ),
        (CommandChecksField, ["ls"], "`commands` has 'ls', which is not a dictionary. Write one"),
        (CommandChecksField, [{"run": "ls -l"}], 'Write `["ls", "-l"]`.'),
        (CommandChecksField, [{"run": ["{//x"]}], "has `{//` without a `}`"),
        (FileChecksField, ["/a"], "`files` is ['/a'], which is not a dictionary with strings as"),
        (FileChecksField, {1: {}}, "`files` is {1: {}}, which is not a dictionary with strings"),
        (FileChecksField, {"a": {}}, "`files` has 'a', which is not absolute. Write `/a`."),
        (FileChecksField, {"/a": {"mode": "x"}}, "`files` gives '/a' the mode 'x'. Write a str"),
        (FileChecksField, {"{//x": None}, "has `{//` without a `}`"),
        (ConfigChecksField, {"env": {1: "a", "b": "c"}}, "`config` has 1: 'a' for env"),
        (ConfigChecksField, {"Cmd": []}, "`config` has the unknown key 'Cmd'. Did yo"),
        (ConfigChecksField, "x", "`config` is 'x', which is not a dictionary with strings as key"),
        (MaxSizeField, "20", "`max_size` is '20', which is not a size. Write a number and a unit"),
        (MustNotContainField, [""], "`must_not_contain` has an empty string. Write addresses or"),
        (EngineField, "containerd", "must be one of ['docker', 'namespaces', 'podman']"),
    ],
)
def test_what_can_not_be_is_told_with_its_field(field: Any, value: Any, reason: str) -> None:
    with pytest.raises(InvalidFieldException) as raised:
        field(value, ADDRESS)
    assert reason in str(raised.value)
    assert "images:test" in str(raised.value)


def test_values_can_be_compared() -> None:
    commands = CommandChecksField([{"run": ["a"], "env": {"A": "1"}}], ADDRESS)
    assert commands.value == (FrozenDict({"run": ("a",), "env": FrozenDict({"A": "1"})}),)
    assert hash(commands) == hash(CommandChecksField(commands.value, ADDRESS))
    files = FileChecksField({"/a": {"contains": ["x"]}, "/b": None}, ADDRESS)
    assert files.value == FrozenDict({"/a": FrozenDict({"contains": ("x",)}), "/b": None})
    assert hash(ConfigChecksField({"cmd": ["x"], "env": {"A": None}}, ADDRESS))


def test_a_test_of_nothing() -> None:
    with pytest.raises(InvalidTargetException) as raised:
        DockerImageTestTarget({"image": ":redis"}, ADDRESS)
    assert str(raised.value).endswith(
        "`docker_image_test` images:test tests nothing. Set one of `commands`, `files`, `config`, "
        "`max_size`, `max_compressed_size`, `must_not_contain`, `container_structure_tests`."
    )


def test_one_check_is_enough() -> None:
    fields: tuple[dict[str, Any], ...] = (
        {"files": {"/x": None}},
        {"container_structure_tests": ["x.yaml"]},
    )
    for field in fields:
        target = DockerImageTestTarget({"image": ":redis", **field}, ADDRESS)
        assert target[EngineField].value == "namespaces"
        assert target[StructureTestsField].value in (None, ("x.yaml",))


def test_packages_are_found_with_the_field_that_names_them() -> None:
    found = texts(
        CommandChecksField([{"run": ["{//a}/x", "{//b}"], "env": {"A": "{//c}"}}], ADDRESS),
        FileChecksField({"{//d}/x": {"target": "{:e}"}, "/y": None}, ADDRESS),
        ConfigChecksField({"cmd": ["{//f}"], "labels": {"x": "{{//g}}"}}, ADDRESS),
    )
    assert sorted(found) == [
        ("commands", "//a"),
        ("commands", "//b"),
        ("commands", "//c"),
        ("config", "//f"),
        ("files", "//d"),
        ("files", ":e"),
    ]
