from typing import Any

import pytest

from lading.checks.checks import Checks
from lading.checks.command_check import CommandCheck, OutputCheck
from lading.checks.config_check import Comparison, ConfigCheck
from lading.checks.file_check import FileCheck
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.license_check import LicenseCheck
from lading.checks.structure_test.structure_file import parse_structure_file
from lading.values.errors import LadingError

VERSION = {"schemaVersion": "2.0.0"}
VARIABLES = {"globalEnvVars": [{"key": "VIRTUAL_ENV", "value": "/env"}]}


def pattern(text: str) -> Pattern:
    return Pattern.parse_go("", text)


# The following has everything in the README of container-structure-test.


def test_commands() -> None:
    document = {
        **VERSION,
        **VARIABLES,
        "commandTests": [
            {
                "name": "gunicorn flask",
                "setup": [["virtualenv", "/env"], ["pip", "install"]],
                "teardown": [["rm", "-r", "/env"]],
                "command": "which",
                "args": ["gunicorn"],
                "envVars": [{"key": "A", "value": "$B"}],
                "expectedOutput": ["/env/bin"],
                "excludedOutput": ["x"],
                "expectedError": [],
                "excludedError": [".*Inst$"],
                "exitCode": "3",
            }
        ],
        "containerRunOptions": {"user": "redis", "privileged": "false"},
    }
    command = CommandCheck(
        name="gunicorn flask",
        words=("which", "gunicorn"),
        setup=(("virtualenv", "/env"), ("pip", "install")),
        env=(("A", "$B"), ("VIRTUAL_ENV", "/env")),
        user="redis",
        exit_code=3,
        stdout=OutputCheck((pattern("/env/bin"),), (pattern("x"),)),
        stderr=OutputCheck((), (pattern(".*Inst$"),)),
        expand=True,
    )
    assert parse_structure_file("t.yaml", document) == Checks(commands=(command,))


def test_files() -> None:
    document = {
        **VERSION,
        **VARIABLES,
        "fileExistenceTests": [
            {
                "name": "Root",
                "path": "/",
                "shouldExist": "true",
                "permissions": "-rw-r--r--",
                "uid": "1000",
                "gid": "-1",
                "isExecutableBy": "group",
            },
            {"name": "No", "path": "/no", "shouldExist": "False"},
        ],
    }
    variables = (("VIRTUAL_ENV", "/env"),)
    root = FileCheck(
        path="/",
        name="file / (Root)",
        follow=False,
        user="1000",
        permissions="-rw-r--r--",
        executable_by="group",
        variables=variables,
    )
    no = FileCheck("/no", "file /no (No)", absent=True, follow=False, variables=variables)
    assert parse_structure_file("t.yaml", document) == Checks(files=(root, no))


def test_contents_of_files_whose_paths_have_no_variables() -> None:
    content = {
        "name": "Sources",
        "path": "/etc/apt/sources.list",
        "expectedContents": ["a"],
        "excludedContents": ["b"],
    }
    sources = FileCheck(
        path="/etc/apt/sources.list",
        name="file /etc/apt/sources.list (Sources)",
        contains=(pattern("a"),),
        lacks=(pattern("b"),),
        is_read=True,
    )
    document = {**VERSION, **VARIABLES, "fileContentTests": [content]}
    assert parse_structure_file("t.yaml", document) == Checks(files=(sources,))


def test_metadata() -> None:
    metadata = {
        "envVars": [{"key": "foo", "value": "baz"}],
        "unboundEnvVars": [{"key": "none"}],
        "labels": [
            {"key": "vendor", "value": "ACME"},
            {"key": "date", "value": r"^\d$", "isRegex": "true"},
        ],
        "exposedPorts": ["8080"],
        "unexposedPorts": ["80"],
        "volumes": ["/test"],
        "unmountedVolumes": ["/none"],
        "entrypoint": [],
        "cmd": ["/bin/bash"],
        "workdir": "/app",
        "user": "luke",
    }
    checks = parse_structure_file("t.yaml", {**VERSION, "metadataTest": metadata})
    assert checks == Checks(
        config=(
            ConfigCheck("env", "foo", Comparison.IS, "baz"),
            ConfigCheck("labels", "vendor", Comparison.IS, "ACME"),
            ConfigCheck("labels", "date", Comparison.MATCHES, pattern(r"^\d$")),
            ConfigCheck("env", "none", Comparison.IS, None),
            ConfigCheck("entrypoint", "", Comparison.IS, ()),
            ConfigCheck("cmd", "", Comparison.IS, ("/bin/bash",)),
            ConfigCheck("exposed_ports", "", Comparison.HAS, "8080"),
            ConfigCheck("exposed_ports", "", Comparison.LACKS, "80"),
            ConfigCheck("volumes", "", Comparison.HAS, "/test"),
            ConfigCheck("volumes", "", Comparison.LACKS, "/none"),
            ConfigCheck("working_dir", "", Comparison.IS, "/app"),
            ConfigCheck("user", "", Comparison.IS, "luke"),
        )
    )


def test_licenses() -> None:
    document = {**VERSION, "licenseTests": [{"debian": "true", "files": ["/foo/bar"]}]}
    licenses = (LicenseCheck(True, ("/foo/bar",)),)
    assert parse_structure_file("t.yaml", document) == Checks(licenses=licenses)


def test_sections_add_up() -> None:
    document = {
        **VERSION,
        "fileExistenceTests": [{"name": "a", "path": "/a"}],
        "fileContentTests": [{"name": "b", "path": "/b"}],
        "licenseTests": [{"debian": "true", "files": []}],
    }
    checks = parse_structure_file("t.yaml", document)
    assert [file.path for file in checks.files] == ["/a", "/b"]
    assert len(checks.licenses) == 1


def test_what_is_empty_counts_for_nothing() -> None:
    document = {
        **VERSION,
        "commandTests": "",
        "metadataTest": {"user": "", "cmd": "", "envVars": None},
        "containerRunOptions": {"bindMounts": []},
    }
    assert parse_structure_file("t.yaml", document) == Checks()


def commands(**fields: Any) -> Any:
    return {**VERSION, "commandTests": [{"name": "n", "command": "c", **fields}]}


def existence(**fields: Any) -> Any:
    return {**VERSION, "fileExistenceTests": [{"name": "n", "path": "/p", **fields}]}


@pytest.mark.parametrize(
    "document, sentence",
    [
        ("text", "t.yaml: 'text' is not a mapping. Its keys are schemaVersion, globalEnvVars,"),
        ({}, "t.yaml has the schemaVersion ''. Write `schemaVersion: 2.0.0`, the only"),
        ({"schemaVersion": "1.0.0"}, "t.yaml has the schemaVersion '1.0.0'. Write"),
        (
            {**VERSION, "commandTest": []},
            "t.yaml: container-structure-test has no 'commandTest'. Did you mean 'commandTests'?",
        ),
        (
            {**VERSION, "zzz": []},
            "t.yaml: container-structure-test has no 'zzz'. The keys are schemaVersion, global",
        ),
        ({**VERSION, "commandTests": {}}, "t.yaml, commandTests: {} is not a list. Write one."),
        ({**VERSION, "commandTests": ["x"]}, "t.yaml, commandTests, number 1: 'x' is not a mapp"),
        (
            {**VERSION, "commandTests": [{"name": "x"}]},
            "t.yaml, commandTests, number 1: missing required key 'command'. Add it",
        ),
        (commands(arg=[]), "number 1: container-structure-test has no 'arg'. Did you mean 'args'?"),
        (commands(args="x"), "t.yaml, commandTests, number 1, args: 'x' is not a list. Write one."),
        (commands(args=[[]]), "number 1, args, number 1: [] is not a string. Write one."),
        (commands(setup=[[]]), "number 1: setup has an empty command. Remove it."),
        (commands(exitCode="x"), "t.yaml, commandTests, number 1: exitCode is 'x'. Write a numb"),
        (
            commands(expectedOutput=["(?=x)"]),
            "t.yaml, commandTests, number 1: expectedOutput has the pattern '(?=x)', which Lading",
        ),
        (commands(envVars=[{"key": ""}]), "envVars, number 1: missing required key 'key'. Add it"),
        (existence(shouldExist="maybe"), "1: shouldExist is 'maybe'. Write true or false."),
        (
            existence(isExecutableBy="all"),
            "1: isExecutableBy is 'all'. Write one of owner, group, other, any.",
        ),
        (existence(name=""), "fileExistenceTests, number 1: missing required key 'name'. Add it."),
        (
            {**VERSION, "containerRunOptions": {"privileged": "true"}},
            "t.yaml, containerRunOptions: privileged is not supported: Lading runs commands with "
            "nothing but the image",
        ),
        (
            {**VERSION, "containerRunOptions": {"user": "a b"}},
            "t.yaml, containerRunOptions: `user` is 'a b'.",
        ),
        (
            {**VERSION, "metadataTest": {"labels": [{"key": "a", "value": "(", "isRegex": "1"}]}},
            "t.yaml, metadataTest, labels, number 1: isRegex is '1'. Write true or false.",
        ),
        (
            {**VERSION, "metadataTest": {"labels": [{"key": "a", "value": "(", "isRegex": "y"}]}},
            "t.yaml, metadataTest, labels, number 1: value has the pattern '(', which Lading",
        ),
    ],
)
def test_what_can_not_be(document: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as raised:
        parse_structure_file("t.yaml", document)
    assert sentence in str(raised.value)
