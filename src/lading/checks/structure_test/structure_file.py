"""The files of Google's container-structure-test, schema 2.0.0.

Every scalar is a string here, as it is written in the YAML: Go reads `args: [6379]` as "6379".
"""

from typing import Any, Iterator, Optional, Tuple

from lading.checks.checks import Checks
from lading.checks.command_check import CommandCheck, OutputCheck
from lading.checks.config_check import Comparison, ConfigCheck
from lading.checks.file_check import FileCheck
from lading.checks.go_syntax import go_file_mode
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.license_check import LicenseCheck
from lading.checks.structure_test.structure_document import DocumentNode, MappingNode
from lading.image.config.user import User
from lading.values.errors import LadingError

SCHEMA_VERSION = "2.0.0"

_KEYS = (
    "schemaVersion",
    "globalEnvVars",
    "commandTests",
    "fileExistenceTests",
    "fileContentTests",
    "metadataTest",
    "licenseTests",
    "containerRunOptions",
)
_METADATA_KEYS = (
    "envVars",
    "unboundEnvVars",
    "labels",
    "entrypoint",
    "cmd",
    "exposedPorts",
    "unexposedPorts",
    "volumes",
    "unmountedVolumes",
    "workdir",
    "user",
)
_COMMAND_KEYS = (
    "name",
    "setup",
    "teardown",
    "command",
    "args",
    "envVars",
    "expectedOutput",
    "excludedOutput",
    "expectedError",
    "excludedError",
    "exitCode",
)
_EXISTENCE_KEYS = (
    "name",
    "path",
    "shouldExist",
    "permissions",
    "uid",
    "gid",
    "isExecutableBy",
)
_CONTENT_KEYS = ("name", "path", "expectedContents", "excludedContents")

# Options that make the result depend on more than the image.
_OPTIONS_OF_THE_MACHINE = (
    "privileged",
    "allocateTty",
    "envFile",
    "envVars",
    "capabilities",
    "bindMounts",
)

_Variables = Tuple[Tuple[str, str], ...]


def parse_structure_file(path: str, document: Any) -> Checks:
    """`document` is the parsed YAML. Raises a LadingError that names the file and the position in
    it."""
    root = DocumentNode(path, document).mapping(_KEYS)
    version = root.text("schemaVersion")
    if version != SCHEMA_VERSION:
        raise LadingError(
            f"{path} has the schemaVersion {version!r}. Write `schemaVersion: {SCHEMA_VERSION}`, "
            "the only version with documentation."
        )
    user = _run_user(root)
    variables = root.each("globalEnvVars", _variable)
    return Checks(
        commands=root.each("commandTests", lambda node: _command(node, variables, user)),
        files=(
            *root.each("fileExistenceTests", lambda node: _existence(node, variables)),
            *root.each("fileContentTests", _content),
        ),
        config=tuple(_metadata(root)),
        licenses=root.each("licenseTests", _licenses),
    )


def _variable(node: DocumentNode) -> Tuple[str, str]:
    fields = node.mapping(("key", "value"))
    return fields.required("key"), fields.text("value")


def _run_user(root: MappingNode) -> Optional[str]:
    node = root.node("containerRunOptions")
    if node is None:
        return None
    options = node.mapping(("user", *_OPTIONS_OF_THE_MACHINE))
    for key in _OPTIONS_OF_THE_MACHINE:
        if options.node(key) is not None and options.values[key] not in ("false", []):
            raise LadingError(
                f"{options.where}: {key} is not supported: Lading runs commands with nothing but "
                "the image, so that their results can be cached. Run tests that need more with "
                "container-structure-test itself, and remove them here."
            )
    user = options.text("user")
    try:
        User.parse(user or "0")
    except LadingError as error:
        raise LadingError(f"{options.where}: {error}") from error
    return user or None


def _command(node: DocumentNode, variables: _Variables, user: Optional[str]) -> CommandCheck:
    fields = node.mapping(_COMMAND_KEYS)
    for key in ("setup", "teardown"):
        for command in fields.each(key, DocumentNode.words):
            if not command:
                raise LadingError(f"{fields.where}: {key} has an empty command. Remove it.")
    own = dict(fields.each("envVars", _variable))
    return CommandCheck(
        name=fields.required("name"),
        words=(fields.required("command"), *fields.words("args")),
        setup=fields.each("setup", DocumentNode.words),
        env=tuple(sorted({**dict(variables), **own}.items())),
        user=user,
        exit_code=fields.number("exitCode") or 0,
        stdout=OutputCheck(fields.patterns("expectedOutput"), fields.patterns("excludedOutput")),
        stderr=OutputCheck(fields.patterns("expectedError"), fields.patterns("excludedError")),
        expand=True,
    )


def _existence(node: DocumentNode, variables: _Variables) -> FileCheck:
    fields = node.mapping(_EXISTENCE_KEYS)
    name, path = fields.required("name"), fields.required("path")
    absent = not fields.boolean("shouldExist", True)
    executable_by = fields.text("isExecutableBy") or None
    if executable_by is not None and executable_by not in go_file_mode.EXECUTABLE_BY:
        raise LadingError(
            f"{fields.where}: isExecutableBy is {executable_by!r}. Write one of "
            f"{', '.join(go_file_mode.EXECUTABLE_BY)}."
        )
    return FileCheck(
        path=path,
        name=f"file {path} ({name})",
        absent=absent,
        follow=False,
        user=_id(fields, "uid"),
        group=_id(fields, "gid"),
        permissions=fields.text("permissions") or None,
        executable_by=executable_by,
        variables=variables,
    )


def _id(fields: MappingNode, key: str) -> Optional[str]:
    number = fields.number(key)
    # In container-structure-test, -1 means "not set".
    return None if number is None or number == -1 else str(number)


def _content(node: DocumentNode) -> FileCheck:
    fields = node.mapping(_CONTENT_KEYS)
    path = fields.required("path")
    return FileCheck(
        path=path,
        name=f"file {path} ({fields.required('name')})",
        contains=fields.patterns("expectedContents"),
        lacks=fields.patterns("excludedContents"),
        is_read=True,
    )


def _licenses(node: DocumentNode) -> LicenseCheck:
    fields = node.mapping(("debian", "files"))
    return LicenseCheck(fields.boolean("debian", False), fields.words("files"))


def _metadata(root: MappingNode) -> Iterator[ConfigCheck]:
    node = root.node("metadataTest")
    if node is None:
        return
    fields = node.mapping(_METADATA_KEYS)
    for key, config_key in (("envVars", "env"), ("labels", "labels")):
        for entry, expected in fields.each(key, _expected_value):
            relation = Comparison.MATCHES if isinstance(expected, Pattern) else Comparison.IS
            yield ConfigCheck(config_key, entry, relation, expected)
    for name, _ in fields.each("unboundEnvVars", _variable):
        yield ConfigCheck("env", name, Comparison.IS, None)
    for key in ("entrypoint", "cmd"):
        # An empty list means that there is explicitly none.
        if fields.node(key) is not None:
            yield ConfigCheck(key, "", Comparison.IS, fields.words(key))
    for key, config_key, relation in (
        ("exposedPorts", "exposed_ports", Comparison.HAS),
        ("unexposedPorts", "exposed_ports", Comparison.LACKS),
        ("volumes", "volumes", Comparison.HAS),
        ("unmountedVolumes", "volumes", Comparison.LACKS),
    ):
        for word in fields.words(key):
            yield ConfigCheck(config_key, "", relation, word)
    for key, config_key in (("workdir", "working_dir"), ("user", "user")):
        if fields.text(key):
            yield ConfigCheck(config_key, "", Comparison.IS, fields.text(key))


def _expected_value(node: DocumentNode) -> Tuple[str, Any]:
    fields = node.mapping(("key", "value", "isRegex"))
    value: Any = fields.text("value")
    if fields.boolean("isRegex", False):
        value = Pattern.parse_go(f"{fields.where}: value has", value)
    return fields.required("key"), value
