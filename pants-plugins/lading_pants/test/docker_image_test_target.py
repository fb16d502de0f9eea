"""`docker_image_test`: what an image must contain, declare and do."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional

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
from pants.util.strutil import help_text

from lading.checks.command_check import EXAMPLE as COMMAND_EXAMPLE
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import EXAMPLE as CONFIG_EXAMPLE
from lading.checks.config_check import parse_config
from lading.checks.file_check import EXAMPLE as FILE_EXAMPLE
from lading.checks.file_check import FileCheck
from lading.engines.container_engine import Engine
from lading.image.root.root_fields import fill_strings
from lading.values.field_text import HELP
from lading.values.interpolation import references
from lading.values.size import parse_size
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.image.fields.image_field import DictionaryField, check, with_some_store_path

ALIAS = "docker_image_test"

_PATTERN_HELP = (
    "A pattern is a Python regular expression that may match anywhere in the text; `^` and `$` "
    "match at each line. Instead of one pattern you can write a list; each of them counts."
)

_INTERPOLATION_HELP = "`{//path/to:package}` stands for the package's store path."


def _filled(value: Any) -> Any:
    """With a dummy store path in place of each address."""
    return fill_strings(value, with_some_store_path)


def _parse_command(value: Any) -> CommandCheck:
    return CommandCheck.parse(_filled(value))


class TestedImageField(StringField):
    alias = "image"
    required = True
    value: str
    help = "The `docker_image` to test, such as `//images:redis`."

    __test__ = False


class CommandChecksField(Field):
    alias = "commands"
    value: Optional[tuple[FrozenDict[str, Any], ...]]
    default = None
    help = help_text(
        f"""
        Commands to run in the image, each a dictionary such as `{{"run": ["redis-cli", "ping"],
        "stderr": "refused", "exit_code": 1}}`, with these keys:

        * `run` is a program with its arguments, which replaces the image's entrypoint; or `args` \
          are arguments to the entrypoint.
        * `exit_code` is the expected status. Defaults to 0.
        * `stdout` and `stderr` are patterns that the output must match, `stdout_lacks` and \
          `stderr_lacks` patterns that it must not match.
        * `stdin` is text for the command to read.
        * `env` is added to the image's variables; `user` and `working_dir` replace the image's.

        Each command starts from the unchanged image, without a network. {_PATTERN_HELP}
        {_INTERPOLATION_HELP} {HELP}
        """
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
            check(address, _parse_command, command, target=ALIAS)
        return tuple(FrozenDict.deep_freeze(command) for command in value)


class _DictionaryField(DictionaryField):
    target = ALIAS


class FileChecksField(_DictionaryField):
    alias = "files"
    example = f'{{"/data": {FILE_EXAMPLE}, "/bin/gcc": None}}'
    help = help_text(
        f"""
        Paths in the image and what must be there: `{{"/data": {FILE_EXAMPLE}, "/bin/gcc":
        None}}`. `None` means that nothing may be there. A dictionary has these keys:

        * `type`: "file", "directory", "symlink", "pipe", "character device" or "block device"
        * `mode`, such as "0755"
        * `owner`, by names or ids, such as "redis:redis"
        * `target`: where a symlink leads
        * `text`: the whole content
        * `contains` and `lacks`: patterns that the content must and must not match

        Symlinks are followed, except to check `target` and the type "symlink". Everything is read
        from the image's layers, so neither the machine nor a container engine affects the result.
        {_PATTERN_HELP} In paths too, {_INTERPOLATION_HELP} {HELP}
        """
    )

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        for path, expected in value.items():
            FileCheck.parse(with_some_store_path(path), _filled(expected))


class ConfigChecksField(_DictionaryField):
    alias = "config"
    example = CONFIG_EXAMPLE
    help = help_text(
        f"""
        What the image's config must say, by the names of `docker_image`'s fields, such as
        `{CONFIG_EXAMPLE}`:

        * `entrypoint`, `cmd`, `exposed_ports` and `volumes` are lists that must match exactly.
        * `user`, `working_dir` and `stop_signal` are strings.
        * `env` and `labels` are dictionaries of the entries to check, with `None` for one that \
          must not exist.

        What the image inherits from its base counts as well. {_INTERPOLATION_HELP} {HELP}
        """
    )

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        parse_config(_filled(value))


class _SizeField(StringField):
    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address)
        if value is not None:
            check(address, parse_size, cls.alias, value, target=ALIAS)
        return value


class MaxSizeField(_SizeField):
    alias = "max_size"
    help = help_text(
        """
        The maximum size of the unpacked image, such as `20 MB`: the bytes of the files in all its
        layers, which is what `docker image ls` shows.
        """
    )


class MaxCompressedSizeField(_SizeField):
    alias = "max_compressed_size"
    help = help_text(
        """
        The maximum size of the image in a registry, such as `5 MB`: the sum of its compressed
        layers, which a machine pulls.
        """
    )


class MustNotContainField(StringSequenceField):
    alias = "must_not_contain"
    help = help_text(
        """
        What the image must not contain: addresses of store packages, such as `//3rdparty/gcc`,
        and names of store packages or installed Debian packages, such as `gcc` or `*-dev`, in
        which `*` stands for anything.

        A store package matches with and without its version. If it is in the image, the report
        lists what refers to it.
        """
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
    help = help_text(
        """
        Files of Google's container-structure-test (schemaVersion 2.0.0) to run, such as
        `["redis_test.yaml"]`. They may have commandTests, fileExistenceTests, fileContentTests,
        metadataTest and licenseTests.
        """
    )


class EngineField(StringField):
    alias = "engine"
    default = "namespaces"
    valid_choices = ("namespaces", Engine.DOCKER.value, Engine.PODMAN.value)
    value: str
    help = help_text(
        """
        What runs `commands`. `namespaces` needs no container engine: it unpacks the image's
        files, and the commands see only these and have docker's default capabilities. With
        `docker` or `podman`, the image is loaded under a temporary name while the test runs. All
        other checks need no engine.
        """
    )

    @property
    def engine(self) -> Engine:
        return Engine.NONE if self.value == self.default else Engine(self.value)


class ImageTestTimeoutField(TestTimeoutField):
    help = help_text(
        """
        The maximum time that all `commands` together may take, in seconds. Defaults to
        `[test].timeout_default`, or to two days if that is unset.
        """
    )


class ImageTestDependenciesField(Dependencies):
    help = help_text(
        """
        Other targets that this one depends on. Targets that its fields name need not be listed.
        """
    )


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
    help = help_text(
        """
        A test of a `docker_image`, which `./pants test` runs. It can check commands with their
        output and status; files with mode, owner and content; the config; the size; and what must
        not be in the image.

        If it fails, the report lists everything that is wrong. The result is cached until the
        image or the test changes.
        """
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
