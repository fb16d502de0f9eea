"""`fetch_debian`: the file of one Debian package, as a source."""

from __future__ import annotations

from pants.engine.target import COMMON_TARGET_FIELDS, StringField

from lading_pants.fields.lading_target import LadingTarget
from lading_pants.store.build_root_target import DebianLockField


class DebianPackageField(StringField):
    alias = "package"
    help = "The package's name; the target's name if unset."


class FetchDebianTarget(LadingTarget):
    alias = "fetch_debian"
    core_fields = (*COMMON_TARGET_FIELDS, DebianLockField, DebianPackageField)
    help = (
        "The `.deb` file of a package from a `debian_lock`, as `source` of a `store_package`. Of "
        "it, the data is unpacked as it would lie below `/`; its maintainer scripts don't run."
    )
