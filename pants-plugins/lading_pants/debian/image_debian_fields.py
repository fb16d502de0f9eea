"""Fields of `docker_image` for Debian packages at their usual paths."""

from __future__ import annotations

from typing import Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.target import BoolField

from lading.debs.package_list import PackageList
from lading_pants.image.fields.image_field import check
from lading_pants.store.build_root_target import (
    AlternativesField,
    DebianLockField,
    DebianPackagesField,
)


class ImageDebianLockField(DebianLockField):
    required = False
    help = "The address of the `debian_lock` that pins `debian_packages`."


class ImageDebianPackagesField(DebianPackagesField):
    required = False
    help = (
        "Debian packages that are in the image at their usual paths, with all that they depend "
        "on, in a layer of their own: `['nginx-light']`. `'!perl'` leaves a package out, and what "
        "nothing else depends on: many are needed by maintainer scripts alone. These don't run. "
        "Alternatives, certificates and the linker's cache are settled without them, dpkg's "
        "database is there, and the image's JSON file lists what else they would have done: "
        "mostly to make users, which `users` and `directories` do. Packages that an image in "
        "`base` has are not added again. After naming a new one, run `./pants generate-lockfiles "
        "--resolve=<lock>`."
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[str]], address: Address
    ) -> Optional[tuple[str, ...]]:
        value = super().compute_value(raw_value, address)
        check(address, PackageList.parse, value or ())
        return value


class ImageAlternativesField(AlternativesField):
    help = (
        "Programs that stand for others in `debian_packages`, such as `{'awk': 'gawk'}`, where "
        "`update-alternatives` would have chosen another one."
    )


class DebianDocumentationField(BoolField):
    alias = "debian_documentation"
    default = False
    help = (
        "Whether the documentation, manuals and translations in `debian_packages` are in the "
        "image. Licences always are."
    )


#: In the order in which `pants help` shows them.
DEBIAN_FIELDS = (
    ImageDebianLockField,
    ImageDebianPackagesField,
    ImageAlternativesField,
    DebianDocumentationField,
)
