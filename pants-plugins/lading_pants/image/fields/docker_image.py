"""`docker_image`: an OCI image of store packages, Debian packages, services and files."""

from __future__ import annotations

import shlex
from typing import Any, ClassVar, Mapping, Optional

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    DictStringToStringField,
    Field,
    IntField,
    InvalidTargetException,
    ValidNumbers,
)
from pants.util.frozendict import FrozenDict

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
from lading.image.root.programs import MOUNTS_FIELD
from lading.image.root.resolved_user import resolve_user
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
    ListField,
    TextField,
    bracketed,
    check,
    refuse,
    with_some_store_path,
)
from lading_pants.image.fields.image_layering import LayeringField, MaxLayersField
from lading_pants.image.fields.image_root import ROOT_FIELDS, RootField
from lading_pants.publish.publish_fields import RegistriesField, SkipPushField
from lading_pants.python.image_python_fields import PYTHON_FIELDS


class _CommandField(ListField):
    """`is_program` says that its first word can be nothing but a program."""

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
    help = (
        "The image that this one is put on: another `docker_image`, or a `base_image`, which is "
        "pulled from a registry. Its layers stay as they are, byte for byte; what is new is in "
        "layers above them. Of its config, `env` and `labels` are merged, where the own value "
        "wins; `exposed_ports` and `volumes` are united; `entrypoint`, `working_dir`, `user`, "
        "`stop_signal` and `healthcheck` are the base's where they are unset; so is `cmd`, unless "
        "`entrypoint` is set. `[]` for `entrypoint` or `cmd` means none. Users and groups are "
        "added to those of the base. Files and links may replace those of the base, but nothing "
        "takes the place of its directories."
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        if not value:
            raise LadingError("`base` is empty. Write the address of an image.")


class ContentsField(ListField):
    alias = "contents"
    example = '["//3rdparty/redis"]'
    help = (
        "Store packages that are shown at `/`: each file in their `bin`, `etc`, `lib`, `share` "
        "and so on has a link at the same path below `/`. Directories are real ones, so that "
        "more can be added. `/etc/passwd`, `/etc/group` and the like are copies, because "
        "runtimes don't follow links there. Where two packages have the same file with the same "
        "content, the first in the list is linked; with different content, it is an error."
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        if not element:
            raise LadingError(f"`contents` has an empty string. Write a list like {cls.example}.")


class RunAsRootField(TextField):
    alias = "run_as_root"
    help = (
        "Shell commands that are run as root in the image, after all else is in place, until one "
        "fails. What they changed becomes a layer: files with their owners, modes, setuid bits, "
        "capabilities and hard links, and deletions. They see the image's files and "
        "`run_as_root_tools`, have no network, and can't write below `/store`. "
        "`{//path/to:package}` stands for the package's store path. A package that only the "
        "commands use stays out of the image; one that the files they made refer to is in it. "
        "`users`, `directories`, `symlinks` and `files` do the most common things without "
        "commands, and need no rights on the machine." + HELP
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
    help = (
        "The most seconds that `run_as_root` may take; `[lading].build_timeout` if unset. Commands "
        "that take longer are ended with all their processes, which is an error."
    )


class RunAsRootToolsField(ListField):
    alias = "run_as_root_tools"
    example = '["//3rdparty/bash", "//3rdparty/coreutils"]'
    help = (
        "Store packages whose programs are on `PATH` of `run_as_root`. The first one that has "
        "`bin/bash` or `bin/sh` runs the commands; if none has, the image's own shell does."
    )


class EntrypointField(_CommandField):
    alias = "entrypoint"
    is_program = True
    example = '["/bin/redis-server"]'
    help = (
        "The program that runs, with arguments that can't be changed when a container is started."
        + INTERPOLATION_HELP
        + HELP
    )


class CmdField(_CommandField):
    alias = "cmd"
    is_program = False
    example = '["/bin/redis-server"]'
    help = (
        "The program that runs, or the arguments to `entrypoint`, if a container is started "
        "without any." + INTERPOLATION_HELP + HELP
    )


class ImageEnvField(DictStringToStringField):
    alias = "env"
    help = (
        "Environment variables. Nothing is set by itself, so programs that need `PATH`, "
        "`HOME` or `USER` must be given them here." + INTERPOLATION_HELP + HELP
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
    help = "Ports that the program listens on, each a number or a range, with `/udp` for UDP."

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_port(element)


class WorkingDirField(TextField):
    alias = "working_dir"
    help = (
        "The directory that the program starts in, an absolute path; `/` if unset. Runtimes make "
        "it if it is not there." + INTERPOLATION_HELP
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        parse_container_path(cls.alias, with_some_store_path(value))


class VolumesField(ListField):
    alias = "volumes"
    example = '["/data"]'
    help = "Directories, as absolute paths, whose files outlive the container."

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_volume(cls.alias, element)


class UserField(TextField):
    alias = "user"
    help = (
        "Who the program runs as: a name or an id, with a group behind a colon if you like; root "
        "if unset. Names are looked up in the image's `/etc/passwd` and `/etc/group`, which "
        "`users` and `groups` add to, and become numbers in the config, as Kubernetes' "
        "`runAsNonRoot` wants them."
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        User.parse(value)


class LabelsField(DictStringToStringField):
    alias = "labels"
    help = (
        "Metadata for tools, such as `org.opencontainers.image.source`." + INTERPOLATION_HELP + HELP
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
    help = "The signal that asks the program to end, such as `SIGINT`; `SIGTERM` if unset."

    @classmethod
    def check_value(cls, value: str) -> None:
        parse_stop_signal(value)


class HealthcheckField(Field):
    alias = "healthcheck"
    value: Optional[FrozenDict[str, Any]]
    default = None
    help = (
        "How docker and podman find out whether the container is well, such as `{'test': ['CMD', "
        "'redis-cli', 'ping'], 'interval': '30s', 'timeout': '5s', 'start_period': '10s', "
        "'start_interval': '1s', 'retries': 3}`. Only `test` is needed." + INTERPOLATION_HELP + HELP
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Mapping[str, Any]], address: Address
    ) -> Optional[FrozenDict[str, Any]]:
        value = super().compute_value(raw_value, address)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise refuse(
                address,
                f"`{cls.alias}` is {value!r}, which is not a dictionary. Write one such as "
                '`{"test": ["CMD", "redis-cli", "ping"]}`.',
            )
        check(address, Healthcheck.parse, value)
        for word in value["test"]:
            check(address, references, word)
        return FrozenDict({**value, "test": tuple(value["test"])})


class RuntimeMountsField(ListField):
    alias = MOUNTS_FIELD
    example = '["/opt/app"]'
    help = (
        "Paths at which something is mounted when a container runs. The programs that "
        "`entrypoint`, `cmd` and `healthcheck` name must be in the image, or at or below one of "
        "these paths or of `volumes`; otherwise it is an error. This changes nothing in the image. "
        "What a base lists here counts as well."
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_container_path(cls.alias, element)


_PARTS_HELP = (
    " `{hash}` stands for the first 12 digits of the image's digest, `{env:NAME}` for an "
    "environment variable of `./pants`, and `{version://path/to:package}` for the version of a "
    "store package, which does not get into the image by that."
)


class RepositoryField(TextField):
    alias = "repository"
    help = (
        "The image's name without tag, such as `redis` or `registry.example.com/team/redis`; the "
        "target's name if unset." + _PARTS_HELP
    )

    @classmethod
    def check_value(cls, value: str) -> None:
        Repository.parse(sample(cls.alias, value))


class ImageTagsField(ListField):
    alias = "image_tags"
    example = '["7.0.15", "latest"]'
    default = ("latest",)
    help = (
        "Tags. docker loads the image under all of them. podman and containerd take the archive "
        "for an OCI layout, in which an image has one name, and know the first tag only."
        + _PARTS_HELP
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        parse_tag(sample(cls.alias, element))


class ImageDependenciesField(Dependencies):
    help = (
        "Targets that this one depends on besides those in `contents` and in `{//...}`, which "
        "are found by themselves. They don't get into the image."
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
    help = (
        "A container image, made without a Docker daemon. In it are the closure of the store "
        "packages that `contents` and the config refer to, and what other fields name: Debian "
        "packages, a Python service, files, the layers of a base; and nothing else. `./pants "
        "package` writes an archive that docker, podman, skopeo and containerd load, and a JSON "
        "file with its digests, tags and closure."
    )

    def validate(self) -> None:
        super().validate()
        name = self[RepositoryField].value or self.address.target_name
        try:
            Repository.parse(sample(RepositoryField.alias, name))
        except LadingError as error:
            raise InvalidTargetException(
                f"`{ALIAS}` {self.address}: {error} (`repository` is unset, so the target's name "
                "is taken.)"
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
            return  # They may have users that nobody knows of before they are built.
        tree = plan_root_tree({}, fields, lambda source: b"")
        user = self[UserField].value
        if user:
            resolve_user(user, tree.image.accounts)
