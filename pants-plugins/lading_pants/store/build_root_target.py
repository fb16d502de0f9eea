"""`build_root`: the file system that builds run in."""

from __future__ import annotations

from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    DictStringToStringField,
    StringSequenceField,
)

from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.single_address import SingleAddressField


class DebianLockField(SingleAddressField):
    alias = "debian_lock"
    required = True
    help = "The address of the `debian_lock` that pins the packages."


class DebianPackagesField(StringSequenceField):
    alias = "debian_packages"
    required = True
    help = (
        "Names of Debian packages. What they depend on comes along. After adding one, run "
        "`./pants generate-lockfiles --resolve=<lock>`."
    )


class AlternativesField(DictStringToStringField):
    alias = "alternatives"
    help = (
        "Names of programs and the program that each stands for, such as `{'awk': 'gawk'}`, "
        "where Debian's packages leave the choice to `update-alternatives`."
    )


class BuildRootTarget(LadingTarget):
    alias = "build_root"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        DebianLockField,
        DebianPackagesField,
        AlternativesField,
    )
    help = (
        "A read-only file system of Debian packages that builds see at `/usr`: compiler, make, "
        "shell. It is not in the store, so nothing of it can get into an image."
    )
