"""`docker_image_test`: what an image must hold, say and do."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Iterable, Mapping, Optional

from pants.core.goals.test import TestTimeoutField
from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    Field,
    InvalidFieldException,
    InvalidTargetException,
    MultipleSourcesField,
    StringField,
    StringSequenceField,
)
from pants.util.frozendict import FrozenDict

from lading.checks.command_check import EXAMPLE as COMMAND_EXAMPLE
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import EXAMPLE as CONFIG_EXAMPLE
from lading.checks.config_check import parse_config
from lading.checks.file_check import EXAMPLE as FILE_EXAMPLE
from lading.checks.file_check import FileCheck
from lading.engines.container_engine import Engine
from lading.image.root.root_fields import fill_strings
from lading.values.errors import LadingError
from lading.values.field_text import HELP
from lading.values.foreign_text import printable
from lading.values.interpolation import references
from lading.values.size import parse_size
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.image.fields.image_field import with_some_store_path

ALIAS = "docker_image_test"

_PATTERN_HELP = (
    "Patterns are Python regular expressions, searched for anywhere in the text; `^` and `$` match "
    "at each line. Write one pattern, or a list that must all match."
)

_INTERPOLATION_HELP = " `{//path/to:package}` stands for the package's store path." + HELP


def _check(address: Address, check: Callable[..., object], *arguments: object) -> None:
    try:
        check(*arguments)
    except LadingError as error:
        raise InvalidFieldException(printable(f"`{ALIAS}` {address}: {error}")) from error


def _filled(value: Any) -> Any:
    """With some store path in place of each address."""
    return fill_strings(value, with_some_store_path)


class TestedImageField(StringField):
    alias = "image"
    required = True
    value: str
    help = "The `docker_image` that is tested."

    __test__ = False


class CommandChecksField(Field):
    alias = "commands"
    value: Optional[tuple[FrozenDict[str, Any], ...]]
    default = None
    help = (
        "Commands that are run in the image, each a dictionary such as "
        '`{"run": ["redis-cli", "ping"], "stderr": "refused", "exit_code": 1}`. `run` is a program '
        "with its arguments, in place of the image's entrypoint; or `args` are arguments to the "
        "entrypoint. Each starts from the image as it is, with the image's environment, user and "
        "working directory, unless `env`, `user` or `working_dir` give others, and without a "
        "network. `exit_code` is the expected status (0 if not given). `stdout` and `stderr` are "
        "patterns that must match what it writes, `stdout_lacks` and `stderr_lacks` some that must "
        f"not. `stdin` is a text that it reads. {_PATTERN_HELP}" + _INTERPOLATION_HELP
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[Mapping[str, Any]]], address: Address
    ) -> Optional[tuple[FrozenDict[str, Any], ...]]:
        value = super().compute_value(raw_value, address)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise InvalidFieldException(
                f"`{ALIAS}` {address}: `{cls.alias}` is {value!r}, which is not a list. Write a "
                f"list of dictionaries such as `[{COMMAND_EXAMPLE}]`."
            )
        for command in value:
            _check(address, lambda command: CommandCheck.parse(_filled(command)), command)
        return tuple(FrozenDict.deep_freeze(command) for command in value)


class _DictionaryField(Field):
    """A dictionary with strings as keys. `check_value` is called with it."""

    value: Optional[FrozenDict[str, Any]]
    default = None
    example: ClassVar[str]
    check_value: ClassVar[Callable[[Mapping[str, Any]], object]]

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Mapping[str, Any]], address: Address
    ) -> Optional[FrozenDict[str, Any]]:
        value = super().compute_value(raw_value, address)
        if value is None:
            return None
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise InvalidFieldException(
                f"`{ALIAS}` {address}: `{cls.alias}` is {value!r}, which is not a dictionary with "
                f"strings as keys. Write one such as `{cls.example}`."
            )
        _check(address, cls.check_value, value)
        return FrozenDict.deep_freeze(value)


class FileChecksField(_DictionaryField):
    alias = "files"
    example = f'{{"/data": {FILE_EXAMPLE}, "/bin/gcc": None}}'
    help = (
        "Paths in the image. None says that nothing is there. A dictionary says that something is, "
        'and what: `type` ("file", "directory", "symlink", "pipe", "character device", "block '
        'device"), `mode` ("0755"), `owner` ("redis:redis", names or ids), `target` (of a '
        "symlink), `text` (all of its content), "
        "`contains` and `lacks` (patterns that must and must not match its content). Symlinks are "
        f'followed, but for `target` and the type "symlink". {_PATTERN_HELP} All is read from '
        "the image's layers, so that neither the machine nor a container engine can change it. In "
        "paths too," + _INTERPOLATION_HELP
    )

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        for path, expected in value.items():
            FileCheck.parse(with_some_store_path(path), _filled(expected))


class ConfigChecksField(_DictionaryField):
    alias = "config"
    example = CONFIG_EXAMPLE
    help = (
        "What the image's config says, by the names of `docker_image`'s fields: `entrypoint`, "
        "`cmd`, `exposed_ports` and `volumes` are lists that must match exactly; `user`, "
        "`working_dir` and `stop_signal` are strings; `env` and `labels` are dictionaries of the "
        "entries to check, with None for one that must not be there. What the image inherits from "
        "its base counts as well." + _INTERPOLATION_HELP
    )

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        parse_config(_filled(value))


class _SizeField(StringField):
    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None:
            _check(address, parse_size, cls.alias, value)
        return value


class MaxSizeField(_SizeField):
    alias = "max_size"
    help = (
        "The most that the image may have unpacked, such as `20 MB`: the bytes of the files in all "
        "its layers, which `docker image ls` shows."
    )


class MaxCompressedSizeField(_SizeField):
    alias = "max_compressed_size"
    help = (
        "The most that the image may have in a registry, such as `5 MB`: the sum of its layers, "
        "which a machine pulls."
    )


class MustNotContainField(StringSequenceField):
    alias = "must_not_contain"
    help = (
        "What must not be in the image: addresses of store packages, such as `//3rdparty/gcc`; "
        "and names of store packages or of installed Debian packages, in which `*` stands for "
        "anything: `gcc`, `*-dev`. A store package matches with and without its version. For a "
        "store package that is there, the report lists what refers to it."
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[str]], address: Address
    ) -> Optional[tuple[str, ...]]:
        value = super().compute_value(raw_value, address)
        if "" in (value or ()):
            raise InvalidFieldException(
                f"`{ALIAS}` {address}: `{cls.alias}` has an empty string. Write addresses or names "
                'such as `["//3rdparty/gcc", "*-dev"]`.'
            )
        return value


class StructureTestsField(MultipleSourcesField):
    alias = "container_structure_tests"
    default = None
    required = False
    expected_file_extensions = (".yaml", ".yml", ".json")
    uses_source_roots = False
    help = (
        "Files of Google's container-structure-test (schemaVersion 2.0.0), which are run as well: "
        "commandTests, fileExistenceTests, fileContentTests, metadataTest, licenseTests."
    )


class EngineField(StringField):
    alias = "engine"
    default = "namespaces"
    valid_choices = ("namespaces", Engine.DOCKER.value, Engine.PODMAN.value)
    value: str
    help = (
        "What runs `commands`. `namespaces` needs no container engine: the image's files are "
        "unpacked and the commands see these and nothing else, with docker's default capabilities. "
        "`docker` and `podman` are given the image for as long as the test runs, under a name of "
        "its own. Everything else is checked without any of them."
    )

    @property
    def engine(self) -> Engine:
        return Engine.NONE if self.value == self.default else Engine(self.value)


class ImageTestTimeoutField(TestTimeoutField):
    help = (
        "Seconds that all `commands` together may take. If unset, `[test].timeout_default` counts, "
        "and if that is unset too, two days."
    )


class ImageTestDependenciesField(Dependencies):
    help = "Targets that this one depends on besides those that its fields name."


_CHECKS = (
    CommandChecksField,
    FileChecksField,
    ConfigChecksField,
    MaxSizeField,
    MaxCompressedSizeField,
    MustNotContainField,
    StructureTestsField,
)


class DockerImageTestTarget(LadingTarget):
    alias = ALIAS
    core_fields = (
        *COMMON_TARGET_FIELDS,
        ImageTestDependenciesField,
        TestedImageField,
        *_CHECKS,
        EngineField,
        ImageTestTimeoutField,
    )
    help = (
        "A test of a `docker_image`, which `./pants test` runs: commands with their output and "
        "status, files with mode, owner and content, the config, the size, and what must not be "
        "in it. A report names everything that is wrong. The result is cached as long as neither "
        "the image nor the test changes."
    )

    def validate(self) -> None:
        super().validate()
        if not any(self[field].value for field in _CHECKS):
            names = ", ".join(f"`{field.alias}`" for field in _CHECKS)
            raise InvalidTargetException(
                f"`{ALIAS}` {self.address} tests nothing. Set one of {names}."
            )


def texts(
    commands: CommandChecksField, files: FileChecksField, config: ConfigChecksField
) -> tuple[tuple[str, str], ...]:
    """(the field's alias, address) of each `{//...}`, in order."""
    found: list[tuple[str, str]] = []
    for field in (commands, files, config):

        def collect(text: str, alias: str = field.alias) -> str:
            found.extend((alias, reference) for reference in references(text))
            return text

        fill_strings(field.value, collect)
    for path in files.value or ():
        found.extend((files.alias, reference) for reference in references(path))
    return tuple(found)
