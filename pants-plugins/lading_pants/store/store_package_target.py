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
from pants.util.strutil import help_text

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
    """Returns `value`; raises an error if it is set and the library refuses it."""
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
    help = "The package's name in its store path. Defaults to the target's name."

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return _checked(check_store_name, super().compute_value(raw_value, address), cls, address)


class VersionField(StringField):
    alias = "version"
    help = help_text(
        """
        The package's version, such as `7.0.15`. It is part of the store path. Required unless the
        package that `override` names has one.
        """
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return _checked(check_store_name, super().compute_value(raw_value, address), cls, address)


class SourceField(SingleAddressField):
    alias = "source"
    help = help_text(
        """
        What to build: the address of a `fetch_url`, a `fetch_debian` or a target with files of
        the repository, such as `:source`.

        The script starts in the source's directory, and `$src` is its path. Lading unpacks an
        archive; if that holds a single directory, the source is that directory's contents.
        """
    )


class FurtherSourcesField(SpecialCasedDependencies):
    alias = "sources"
    help = help_text(
        """
        Addresses of more files for the build, such as `[":config"]`. The script finds them in the
        directory `$sources` under their own names.
        """
    )


class PatchesField(ExistingFilesField, MultipleSourcesField):
    alias = "patches"
    uses_source_roots = False
    help = help_text(
        """
        Patches for the source, such as `["fix-build.patch"]`. `patch -p1` applies them in the
        order of their names before the script runs. Fuzz is not allowed: a patch that does not
        apply exactly is an error.
        """
    )


class ScriptField(StringField):
    alias = "script"
    help = help_text(
        f"""
        The commands that build the package and install it into `$out`. bash runs them with `set
        -eo pipefail` and these variables:

        * `$src`: the unpacked source
        * `$sources`: the directory with the files of `sources`
        * `$glibc`, for example: the store path of a package in `dependencies`, in a variable \
          named after it
        * `$JOBS`: how many processes the build may use

        If unset, the build runs `./configure --prefix=$out` where there is a `configure`, then
        `make` and `make install` with `PREFIX=$out`. A script can run these steps as
        `default_script`.

        {HELP}
        """
    )


class StoreDependenciesField(Dependencies):
    alias = "dependencies"
    help = help_text(
        """
        Store packages that the build uses, such as `["//3rdparty/glibc"]`. An image that contains
        this package also contains those that the result refers to, but not the others.
        """
    )


class BuildRootField(SingleAddressField):
    alias = "build_root"
    help = "The `build_root` that the build runs in. Defaults to `[lading].build_root`."


class BuildEnvField(DictStringToStringField):
    alias = "env"
    help = help_text(
        """
        Environment variables for the script, such as `{"CFLAGS": "-O2"}`. They are added to the
        variables that Lading sets, and replace those with the same name.
        """
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[dict[str, str]], address: Address
    ) -> Optional[FrozenDict[str, str]]:
        return _checked(check_environment, super().compute_value(raw_value, address), cls, address)


class StripField(StringField):
    alias = "strip"
    valid_choices = STRIP_MODES
    help = help_text(
        """
        What to strip from programs and libraries: `all` removes every symbol that they don't need
        to run, `debug` only the debugging information, and `none` nothing. Defaults to `all`.
        """
    )


class AllowedReferencesField(SpecialCasedDependencies):
    alias = "allowed_references"
    help = help_text(
        """
        The only packages that the result may refer to, such as `["//3rdparty/glibc"]`; `[]`
        allows none. If unset, all references are allowed. Any other reference is an error that
        names the file. The package may always refer to itself.
        """
    )


class DisallowedReferencesField(SpecialCasedDependencies):
    alias = "disallowed_references"
    help = help_text(
        """
        Packages that must not be in the result's closure, such as `["//3rdparty/gcc"]`. The
        closure is everything that the package needs at run time: what it refers to, what that
        refers to, and so on.
        """
    )


class MaxClosureSizeField(IntField):
    alias = "max_closure_size"
    valid_numbers = ValidNumbers.positive_only
    help = help_text(
        """
        The maximum size in bytes of the result's closure, which is the package and everything it
        needs at run time, unpacked. Unlimited by default.
        """
    )


class TimeoutField(IntField):
    alias = "timeout"
    valid_numbers = ValidNumbers.positive_only
    help = help_text(
        """
        The maximum time that the build may take, in seconds. Defaults to
        `[lading].build_timeout`.

        A build that takes longer fails, and all its processes are killed. Limits are not part of
        the store path: changing one rebuilds nothing.
        """
    )


class MaxLogSizeField(IntField):
    alias = "max_log_size"
    valid_numbers = ValidNumbers.positive_only
    help = help_text(
        """
        The maximum number of bytes that the build may print. Defaults to
        `[lading].max_build_log_size`. A build that prints more is stopped and fails.
        """
    )


class MaxDiskSizeField(IntField):
    alias = "max_disk_size"
    valid_numbers = ValidNumbers.positive_only
    help = help_text(
        """
        The maximum disk space, in bytes, that the build's files in `$out` and `/build` may use
        while it runs. Defaults to `[lading].max_build_disk_size`. Lading checks every few
        seconds; a build that uses more is stopped and fails.
        """
    )


class OverrideField(SingleAddressField):
    alias = "override"
    help = help_text(
        """
        Another `store_package` that this one is a variant of. For example,
        `override="//3rdparty/redis", version="2.8", source=":redis-2.8"` is another version of
        the same package.

        Fields that are not set here are inherited from the other package, including its name in
        the store path; only `name`, `description`, `tags` and `output_path` are not. A field that
        is set here replaces the inherited one, or adds to it if `extend` lists it. Relative
        addresses and files in an inherited field are relative to the other package's directory.
        The other package may have an `override` too.
        """
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
    help = help_text(
        """
        Names of fields whose values here are added to those inherited from `override` instead of
        replacing them: `extend=["env"], env={"CFLAGS": "-Os"}`. A variable that is set in both
        has the value from here; patches from here are applied last.
        """
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
    help = help_text(
        """
        A package that is built once from exact inputs and never changes. It lies at
        `/store/<hash>-<name>-<version>`; everything that determines the result is part of the
        hash.

        The build runs in a sandbox without network in which only the declared inputs exist. As
        Nix does, Lading finds what the package needs at run time by scanning it for the hashes of
        its inputs.
        """
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
                    f"`{field.alias}` is not set: set it to what should be added, or remove it "
                    "from `extend`."
                )
