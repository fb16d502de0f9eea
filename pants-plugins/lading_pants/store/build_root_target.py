"""`build_root`: the file system that builds run in."""

from __future__ import annotations

from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    DictStringToStringField,
    StringSequenceField,
)
from pants.util.strutil import help_text

from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.single_address import SingleAddressField


class DebianLockField(SingleAddressField):
    alias = "debian_lock"
    required = True
    help = "The `debian_lock` that pins the packages, such as `//3rdparty/debian:bookworm`."


class DebianPackagesField(StringSequenceField):
    alias = "debian_packages"
    required = True
    help = help_text(
        """
        The Debian packages in this file system, such as `["gcc", "make"]`. Everything that they
        depend on is added. After adding one, run `./pants generate-lockfiles --resolve=<lock>`.
        """
    )


class AlternativesField(DictStringToStringField):
    alias = "alternatives"
    help = help_text(
        """
        The program that each generic command runs, such as `{"awk": "gawk"}`. Set it where
        Debian's packages leave the choice to `update-alternatives`.
        """
    )


class BuildRootTarget(LadingTarget):
    alias = "build_root"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        DebianLockField,
        DebianPackagesField,
        AlternativesField,
    )
    help = help_text(
        """
        A read-only file system of Debian packages, such as compiler, make and shell, which builds
        see at `/usr`. It is not in the store, so nothing in it can get into an image.
        """
    )
