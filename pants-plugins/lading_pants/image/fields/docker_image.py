"""`docker_image`: an OCI image of store packages, Debian packages, services and files."""

from __future__ import annotations

import shlex
from typing import Any, ClassVar, Mapping, Optional

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    DictStringToStringField,
    IntField,
    InvalidTargetException,
    ValidNumbers,
)
from pants.util.frozendict import FrozenDict
from pants.util.strutil import help_text

from lading.files.container_path import parse_container_path, parse_volume
from lading.image.config.command import check_command
from lading.image.config.environment import check_environment
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.labels import check_labels
from lading.image.config.ports import parse_port
from lading.image.config.stop_signal import parse_stop_signal
from lading.image.config.user import User
from lading.image.name_template import sample
from lading.image.reference import Repository, parse_tag
from lading.image.root.process_user import resolve_user
from lading.image.root.programs import MOUNTS_FIELD
from lading.image.root.root_fields import RootFields
from lading.image.root.root_tree import plan_root_tree
from lading.values.errors import LadingError
from lading.values.field_text import HELP
from lading.values.interpolation import references
from lading_pants.debian.image_debian_fields import DEBIAN_FIELDS, ImageDebianPackagesField
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.output_path import ArchivePathField
from lading_pants.image.fields.image_field import (
    ALIAS,
    INTERPOLATION_HELP,
    DictionaryField,
    ListField,
    TextField,
    bracketed,
    check,
    with_some_store_path,
)
from lading_pants.image.fields.image_layering import LayeringField, MaxLayersField
from lading_pants.image.fields.image_root import ROOT_FIELDS, RootField
from lading_pants.publish.publish_fields import RegistriesField, SkipPushField
from lading_pants.python.image_python_fields import PYTHON_FIELDS


class _CommandField(ListField):
    """`is_program` says that its first word must be a program."""

    is_program: ClassVar[bool]

    @classmethod
    def check_element(cls, element: str) -> None:
        references(element)

    @classmethod
    def check_list(cls, elements: tuple[str, ...]) -> None:
        check_command(cls.alias, elements, is_program=cls.is_program)

    @classmethod
    def as_list(cls, text: str) -> str:
        try:
            return bracketed(shlex.split(text))
        except ValueError:  # an unclosed quote
            return bracketed([text])


class BaseField(TextField):
    alias = "base"
    help = help_text(
        """
        The image that this one is built on: the address of another `docker_image` or of a
        `base_image`, such as `//images:debian`. Its layers are kept byte for byte; this image's
        layers go on top.

        The base's config is inherited like this:

        * `env` and `labels` are merged; if both images set an entry, this image's value wins.
        * `exposed_ports` and `volumes` are combined.
        * `entrypoint`, `working_dir`, `user`, `stop_signal` and `healthcheck` are inherited if \
          unset.
        * `cmd` is inherited if it and `entrypoint` are unset.
        * `[]` for `entrypoint` or `cmd` means that the image has none.

        Users and groups are added to the base's. Files and links may replace the base's files and
        links, but not its directories.
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        if not value:
            raise LadingError("`base` is empty. Write the address of an image.")


class ContentsField(ListField):
    alias = "contents"
    example = '["//3rdparty/redis"]'
    help = help_text(
        """
        Store packages whose files appear at `/`, such as `["//3rdparty/redis"]`. Each file in
        their `bin`, `etc`, `lib`, `share` and so on gets a link at the same path below `/`.

        Directories are real, so that more files can be added to them. `/etc/passwd`, `/etc/group`
        and the like are copies, because container runtimes don't follow links there. If two
        packages have the same file with the same content, the link leads to the first package in
        the list; if the content differs, it is an error.
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        if not element:
            raise LadingError(f"`contents` has an empty string. Write a list like {cls.example}.")


class RunAsRootField(TextField):
    alias = "run_as_root"
    help = help_text(
        f"""
        Shell commands to run as root in the image, after everything else is in place. They stop
        at the first one that fails. What they change becomes a layer: files with their owners,
        modes, setuid bits, capabilities and hard links, and deletions.

        The commands see the image's files and `run_as_root_tools`, have no network, and can't
        write below `/store`. `{{//path/to:package}}` stands for the package's store path. A
        package that only the commands use stays out of the image; if a file that they made refers
        to it, the image contains it.

        Use `users`, `directories`, `symlinks` and `files` where you can: they need no commands,
        and no rights on the machine. {HELP}
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        references(value)
        if "\0" in value:
            raise LadingError(
                "`run_as_root` has a NUL character, which no command can hold. Remove it."
            )


class RunAsRootTimeoutField(IntField):
    alias = "run_as_root_timeout"
    valid_numbers = ValidNumbers.positive_only
    help = help_text(
        """
        The maximum time that `run_as_root` may take, in seconds. Defaults to
        `[lading].build_timeout`. If the commands take longer, the build fails, and all their
        processes are killed.
        """
    )


class RunAsRootToolsField(ListField):
    alias = "run_as_root_tools"
    example = '["//3rdparty/bash", "//3rdparty/coreutils"]'
    help = help_text(
        """
        Store packages whose programs are on `PATH` for `run_as_root`, such as
        `["//3rdparty/bash", "//3rdparty/coreutils"]`. The first one with `bin/bash` or `bin/sh`
        runs the commands; if there is none, the image's own shell does.
        """
    )


class EntrypointField(_CommandField):
    alias = "entrypoint"
    is_program = True
    example = '["/bin/redis-server"]'
    help = help_text(
        f"""
        The program that a container runs, with its arguments, such as `["/bin/redis-server",
        "--port", "6379"]`. `docker run IMAGE ARGUMENTS` adds arguments to these instead of
        replacing them. {INTERPOLATION_HELP} {HELP}
        """
    )


class CmdField(_CommandField):
    alias = "cmd"
    is_program = False
    example = '["/bin/redis-server"]'
    help = help_text(
        f"""
        The default arguments to `entrypoint`, or the program and its arguments if there is no
        `entrypoint`, such as `["/bin/redis-server"]`. `docker run IMAGE ARGUMENTS` replaces them.
        {INTERPOLATION_HELP} {HELP}
        """
    )


class ImageEnvField(DictStringToStringField):
    alias = "env"
    help = help_text(
        f"""
        Environment variables, such as `{{"PATH": "/bin"}}`. Nothing is set by default: if a
        program needs `PATH`, `HOME` or `USER`, set it here. {INTERPOLATION_HELP} {HELP}
        """
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[dict[str, str]], address: Address
    ) -> Optional[FrozenDict[str, str]]:
        value = super().compute_value(raw_value, address)
        check(address, check_environment, value or {})
        for text in (value or {}).values():
            check(address, references, text)
        return value


class ExposedPortsField(ListField):
    alias = "exposed_ports"
    example = '["6379", "53/udp", "6000-6010"]'
    help = help_text(
        """
        The ports that the program listens on, each a number or a range, with `/udp` for UDP:
        `["6379", "53/udp", "6000-6010"]`.
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_port(element)


class WorkingDirField(TextField):
    alias = "working_dir"
    help = help_text(
        f"""
        The directory that the program starts in, an absolute path such as `/data`. Defaults to
        `/`. Container runtimes create it if it does not exist. {INTERPOLATION_HELP}
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        parse_container_path(cls.alias, with_some_store_path(value))


class VolumesField(ListField):
    alias = "volumes"
    example = '["/data"]'
    help = help_text(
        """
        Directories whose files outlive the container, as absolute paths, such as `["/data"]`.
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_volume(cls.alias, element)


class UserField(TextField):
    alias = "user"
    help = help_text(
        """
        The user that the program runs as: a name or an id, optionally with a group, such as
        `redis`, `999` or `redis:web`. Defaults to root.

        Names are looked up in the image's `/etc/passwd` and `/etc/group`, including what `users`
        and `groups` add. The config has the numbers, which Kubernetes' `runAsNonRoot` requires.
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        User.parse(value)


class LabelsField(DictStringToStringField):
    alias = "labels"
    help = help_text(
        f"""
        Metadata for tools, such as `{{"org.opencontainers.image.source":
        "https://example.com/redis"}}`. {INTERPOLATION_HELP} {HELP}
        """
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[dict[str, str]], address: Address
    ) -> Optional[FrozenDict[str, str]]:
        value = super().compute_value(raw_value, address)
        check(address, check_labels, value or {})
        for text in (value or {}).values():
            check(address, references, text)
        return value


class StopSignalField(TextField):
    alias = "stop_signal"
    help = help_text(
        """
        The signal that asks the program to stop, such as `SIGINT`. If unset, runtimes send
        `SIGTERM`.
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        parse_stop_signal(value)


class HealthcheckField(DictionaryField):
    alias = "healthcheck"
    example = '{"test": ["CMD", "redis-cli", "ping"]}'
    help = help_text(
        f"""
        How docker and podman check that the container is healthy, such as `{{"test": ["CMD",
        "redis-cli", "ping"], "interval": "30s", "timeout": "5s", "start_period": "10s",
        "start_interval": "1s", "retries": 3}}`. Only `test` is required. {INTERPOLATION_HELP}
        {HELP}
        """
    )

    @classmethod
    def check_value(cls, value: Mapping[str, Any]) -> None:
        for word in Healthcheck.parse(value).test:
            references(word)


class RuntimeMountsField(ListField):
    alias = MOUNTS_FIELD
    example = '["/opt/app"]'
    help = help_text(
        """
        Paths where something is mounted when a container runs, such as `["/opt/app"]`. Programs
        that `entrypoint`, `cmd` and `healthcheck` name may then be at or below these paths;
        otherwise they must be in the image or in one of its `volumes`. The paths that a base
        lists count as well. This field changes nothing in the image.
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_container_path(cls.alias, element)


_PARTS_HELP = (
    "`{hash}` stands for the first 12 digits of the image's digest, `{env:NAME}` for an "
    "environment variable of `./pants`, and `{version://path/to:package}` for the version of a "
    "store package, which is not added to the image."
)


class RepositoryField(TextField):
    alias = "repository"
    help = help_text(
        f"""
        The image's name without a tag, such as `redis` or `registry.example.com/team/redis`.
        Defaults to the target's name.

        {_PARTS_HELP}
        """
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        Repository.parse(sample(cls.alias, value))


class ImageTagsField(ListField):
    alias = "image_tags"
    example = '["7.0.15", "latest"]'
    default = ("latest",)
    help = help_text(
        f"""
        The image's tags, such as `["7.0.15", "latest"]`. docker loads the image under all of
        them. podman and containerd read the archive as an OCI layout, in which an image has one
        name, and use only the first tag.

        {_PARTS_HELP}
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_tag(sample(cls.alias, element))


class ImageDependenciesField(Dependencies):
    help = help_text(
        """
        Other targets that this one depends on. They don't become part of the image. Targets that
        other fields refer to, `contents` and `{//...}` for example, need not be listed.
        """
    )


class DockerImageTarget(LadingTarget):
    alias = ALIAS
    core_fields = (
        *COMMON_TARGET_FIELDS,
        ArchivePathField,
        ImageDependenciesField,
        BaseField,
        ContentsField,
        *DEBIAN_FIELDS,
        *PYTHON_FIELDS,
        *ROOT_FIELDS,
        LayeringField,
        MaxLayersField,
        RunAsRootField,
        RunAsRootToolsField,
        RunAsRootTimeoutField,
        EntrypointField,
        CmdField,
        ImageEnvField,
        ExposedPortsField,
        WorkingDirField,
        VolumesField,
        UserField,
        LabelsField,
        StopSignalField,
        HealthcheckField,
        RuntimeMountsField,
        RepositoryField,
        ImageTagsField,
        RegistriesField,
        SkipPushField,
    )
    help = help_text(
        """
        A container image, built without a Docker daemon.

        The image contains the store packages that `contents` and the config refer to, with
        everything that these need at run time; what other fields name, such as Debian packages, a
        Python service, files and the layers of a base; and nothing else.

        `./pants package` writes an archive, which docker, podman, skopeo and containerd can load,
        and a JSON file with the image's digests, tags and store packages.
        """
    )

    def validate(self) -> None:
        super().validate()
        name = self[RepositoryField].value or self.address.target_name
        try:
            Repository.parse(sample(RepositoryField.alias, name))
        except LadingError as error:
            raise InvalidTargetException(
                f"`{ALIAS}` {self.address}: {error} (`repository` is unset, so Lading uses the "
                "target's name.)"
            ) from error
        try:
            self._check_root()
        except LadingError as error:
            raise InvalidTargetException(f"`{ALIAS}` {self.address}: {error}") from error

    def _check_root(self) -> None:
        if self[RunAsRootToolsField].value and not self[RunAsRootField].value:
            raise LadingError(
                "`run_as_root_tools` is for the commands of `run_as_root`, which is unset. Set "
                "it, or remove `run_as_root_tools`."
            )
        values = {field.alias: self[field].value for field in ROOT_FIELDS}
        fields = RootFields.parse(
            {
                alias: RootField.with_some_store_path(value)
                for alias, value in values.items()
                if value
            }
        )
        opaque = (BaseField, ContentsField, ImageDebianPackagesField, RunAsRootField)
        if any(self[field].value for field in opaque) or "etc/passwd" in fields.files:
            return  # They may have users that are not known before they are built.
        tree = plan_root_tree({}, fields, lambda source: b"")
        user = self[UserField].value
        if user:
            resolve_user(user, tree.image.accounts)
