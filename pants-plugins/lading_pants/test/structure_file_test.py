from __future__ import annotations

import pytest

from lading.values.errors import LadingError
from lading_pants.test.structure_file import read_structure_file

VERSION = "schemaVersion: '2.0.0'\n"


def test_scalars_are_what_is_written() -> None:
    checks = read_structure_file(
        "t.yaml",
        (
            VERSION + "commandTests: [{name: 0010, command: c, args: [1.10, 0x10, yes, 1:20, "
            "2020-01-01, '']}]\n"
        ).encode(),
    )
    (command,) = checks.commands
    assert command.name == "0010"
    assert command.words == ("c", "1.10", "0x10", "yes", "1:20", "2020-01-01", "")


def test_what_is_left_empty_is_not_there() -> None:
    text = VERSION + "commandTests:\nmetadataTest: {cmd: , entrypoint: ~, user: null}\n"
    checks = read_structure_file("t.yaml", text.encode())
    assert (checks.commands, checks.config) == ((), ())


def test_anchors_and_merge_keys() -> None:
    text = (
        VERSION + "fileExistenceTests:\n"
        "- &base {name: a, path: /a, uid: 5}\n"
        "- {<<: *base, name: b, path: /b}\n"
    )
    checks = read_structure_file("t.yaml", text.encode())
    assert [(file.path, file.user) for file in checks.files] == [("/a", "5"), ("/b", "5")]


def test_json_is_yaml() -> None:
    text = '{"schemaVersion": "2.0.0", "metadataTest": {"cmd": []}}'
    assert len(read_structure_file("t.json", text.encode()).config) == 1


@pytest.mark.parametrize(
    "text, reason",
    [
        ("a: [", "while parsing a flow node"),
        ("a: 1\na: 2\n", "duplicate key 'a'"),
        ("a: !!python/name:os.system x\n", "could not determine a constructor for the tag"),
        ("\x00", "unacceptable character"),
    ],
)
def test_what_is_no_yaml(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as raised:
        read_structure_file("t.yaml", text.encode())
    sentence = str(raised.value)
    assert sentence.startswith(
        "`container_structure_tests` has t.yaml, which is not YAML: "
    ), sentence
    assert reason in sentence
