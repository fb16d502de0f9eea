"""`store_package`: a derivation."""

from __future__ import annotations

from typing import Callable, Optional, TypeVar

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    DictStringToStringField,
    Field,
    IntField,
    InvalidFieldException,
    InvalidTargetException,
    MultipleSourcesField,
    SpecialCasedDependencies,
    StringField,
    StringSequenceField,
    ValidNumbers,
)
from pants.util.frozendict import FrozenDict

from lading.image.config.environment import check_environment
from lading.store.build.fixup import STRIP_MODES
from lading.values.errors import LadingError
from lading.values.field_text import HELP
from lading.values.path import check_store_name
from lading_pants.fields.existing_files import ExistingFilesField
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.output_path import PackagePathField
from lading_pants.fields.single_address import SingleAddressField

_Value = TypeVar("_Value")


def _checked(
    check: Callable[[_Value], object],
    value: Optional[_Value],
    field: type[Field],
    address: Address,
) -> Optional[_Value]:
    """`value`; an error if it is set and the library has something against it."""
    if value is not None:
        try:
            check(value)
        except LadingError as error:
            raise InvalidFieldException(
                f"The `{field.alias}` field in target {address} is wrong: {error}"
            ) from error
    return value


class PackageNameField(StringField):
    """Every target that is a store package has this field."""

    alias = "package_name"
    help = "The package's name in its store path; the target's name if unset."

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return _checked(check_store_name, super().compute_value(raw_value, address), cls, address)


class VersionField(StringField):
    alias = "version"
    help = (
        "The package's version. It is part of the store path, and must be set here or in the "
        "package that `override` names."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return _checked(check_store_name, super().compute_value(raw_value, address), cls, address)


class SourceField(SingleAddressField):
    alias = "source"
    help = (
        "What is built: a `fetch_url`, `fetch_debian`, or files of the repository. An archive is "
        "unpacked; where it holds a single directory, that directory's contents are taken. The "
        "script starts in there, and `$src` names it."
    )


class FurtherSourcesField(SpecialCasedDependencies):
    alias = "sources"
    help = "More files for the build. They lie in the directory `$sources` under their own names."


class PatchesField(ExistingFilesField, MultipleSourcesField):
    alias = "patches"
    uses_source_roots = False
    help = (
        "Files with patches, applied in the order of their names by `patch -p1` before the "
        "script runs. Fuzz is not allowed: a patch that does not fit is an error."
    )


class ScriptField(StringField):
    alias = "script"
    help = (
        "The build, for bash with `set -eo pipefail`. It must install into `$out`. `$src` is the "
        "unpacked source, `$sources` holds the further sources, each dependency's store path is "
        "in a variable named after it (`$glibc`), `$JOBS` says how many processes may run. If "
        "unset: `./configure --prefix=$out` where there is a `configure`, then `make` and `make "
        "install` with `PREFIX=$out`; a script can call that as `default_script`." + HELP
    )


class StoreDependenciesField(Dependencies):
    alias = "dependencies"
    help = (
        "The store packages that the build uses. Those that the result refers to, and "
        "only those, are in an image that has this package."
    )


class BuildRootField(SingleAddressField):
    alias = "build_root"
    help = "The `build_root` that the build runs in; `[lading].build_root` if unset."


class BuildEnvField(DictStringToStringField):
    alias = "env"
    help = "Environment variables for the script, besides or instead of those that it has anyway."

    @classmethod
    def compute_value(
        cls, raw_value: Optional[dict[str, str]], address: Address
    ) -> Optional[FrozenDict[str, str]]:
        return _checked(check_environment, super().compute_value(raw_value, address), cls, address)


class StripField(StringField):
    alias = "strip"
    valid_choices = STRIP_MODES
    help = (
        "What is taken out of programs and libraries: `all` symbols that running them does not "
        "need, the `debug` information only, or `none`. `all` if unset."
    )


class AllowedReferencesField(SpecialCasedDependencies):
    alias = "allowed_references"
    help = (
        "If set, the only packages that the result may refer to; `[]` allows none. Anything else "
        "is an error that names the file. References to itself are always allowed."
    )


class DisallowedReferencesField(SpecialCasedDependencies):
    alias = "disallowed_references"
    help = "Packages that must not be in the result's closure."


class MaxClosureSizeField(IntField):
    alias = "max_closure_size"
    valid_numbers = ValidNumbers.positive_only
    help = "The most bytes that the unpacked files of the result's closure may have."


class TimeoutField(IntField):
    alias = "timeout"
    valid_numbers = ValidNumbers.positive_only
    help = (
        "The most seconds that the build may take; `[lading].build_timeout` if unset. A build that "
        "takes longer is ended with all its processes, which is an error. Like the other limits, "
        "it is not part of the store path: what was built stays built under any limit."
    )


class MaxLogSizeField(IntField):
    alias = "max_log_size"
    valid_numbers = ValidNumbers.positive_only
    help = (
        "The most bytes that the build may print; `[lading].max_build_log_size` if unset. A build "
        "that prints more is ended, which is an error."
    )


class MaxDiskSizeField(IntField):
    alias = "max_disk_size"
    valid_numbers = ValidNumbers.positive_only
    help = (
        "The most bytes that the build's files, in `$out` and /build, may take on disk while it "
        "runs; `[lading].max_build_disk_size` if unset. A build that is seen to take more is "
        "ended, which is an error. Lading checks every few seconds."
    )


class OverrideField(SingleAddressField):
    alias = "override"
    help = (
        "Another `store_package`. Each field that is not set here is as it is there, down to the "
        "name in the store path; only `name`, `description`, `tags` and `output_path` are always "
        "this target's own. A field that is set here takes the other's place (see `extend`): "
        '`override="//3rdparty/redis", version="2.8", source=":redis-2.8"` is another version of '
        "the same package. Relative addresses and files in a field that comes from there are "
        "relative to its own directory. The other package may itself override one."
    )


class ExtendField(StringSequenceField):
    alias = "extend"
    valid_choices = (
        "allowed_references",
        "dependencies",
        "disallowed_references",
        "env",
        "patches",
        "sources",
    )
    help = (
        "The names of fields in which what is written here is added to what the package in "
        '`override` has, instead of taking its place: `extend=["env"], env={"CFLAGS": "-Os"}`. '
        "Of variables with the same name, the one here counts; patches are applied after those "
        "that are there."
    )


class StorePackageTarget(LadingTarget):
    alias = "store_package"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        PackagePathField,
        PackageNameField,
        VersionField,
        SourceField,
        FurtherSourcesField,
        PatchesField,
        ScriptField,
        StoreDependenciesField,
        BuildRootField,
        BuildEnvField,
        StripField,
        AllowedReferencesField,
        DisallowedReferencesField,
        MaxClosureSizeField,
        TimeoutField,
        MaxLogSizeField,
        MaxDiskSizeField,
        OverrideField,
        ExtendField,
    )
    help = (
        "A package, built once from exact inputs and never changed, that lies at "
        "`/store/<hash>-<name>-<version>`. The hash is over everything that determines it. The "
        "build runs in a sandbox without network, in which only the declared inputs exist. What "
        "the package needs at run time is found by scanning it for the hashes of its inputs, as "
        "Nix does."
    )

    def validate(self) -> None:
        super().validate()
        extended = self[ExtendField].value or ()
        if extended and not self[OverrideField].value:
            raise InvalidTargetException(
                f"`{self.alias}` {self.address}: `extend` is set, but `override` names no package "
                "whose fields could be extended: set `override`, or remove `extend`."
            )
        for field in self.field_values.values():
            if field.alias in extended and field.value is None:
                raise InvalidTargetException(
                    f"`{self.alias}` {self.address}: `extend` has {field.alias!r}, but "
                    f"`{field.alias}` is not set: set what is to be added, or remove it from "
                    "`extend`."
                )
