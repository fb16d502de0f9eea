"""`fetch_debian`: the file of one Debian package, as a source."""

from __future__ import annotations

from pants.engine.target import COMMON_TARGET_FIELDS, StringField
from pants.util.strutil import help_text

from lading_pants.fields.lading_target import LadingTarget
from lading_pants.store.build_root_target import DebianLockField


class DebianPackageField(StringField):
    alias = "package"
    help = "The name of the package, such as `curl`. Defaults to the target's name."


class FetchDebianTarget(LadingTarget):
    alias = "fetch_debian"
    core_fields = (*COMMON_TARGET_FIELDS, DebianLockField, DebianPackageField)
    help = help_text(
        """
        The `.deb` file of a package in a `debian_lock`, as the source of a `store_package`. The
        source is the package's files, at their paths below `/`. Its maintainer scripts don't run.
        """
    )
