"""Fields of `docker_image` for Debian packages at their usual paths."""

from __future__ import annotations

from typing import Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.target import BoolField
from pants.util.strutil import help_text

from lading.debs.package_list import PackageList
from lading_pants.image.fields.image_field import check
from lading_pants.store.build_root_target import (
    AlternativesField,
    DebianLockField,
    DebianPackagesField,
)


class ImageDebianLockField(DebianLockField):
    required = False
    help = "The `debian_lock` that pins `debian_packages`, such as `//3rdparty/debian:bookworm`."


class ImageDebianPackagesField(DebianPackagesField):
    required = False
    help = help_text(
        """
        Debian packages to install at their usual paths, in a layer of their own, such as
        `["nginx-light"]`. Everything that they depend on is added, except for what the base
        already has. After adding a package, run `./pants generate-lockfiles --resolve=<lock>`.

        `"!perl"` leaves a package out, with everything that nothing else depends on: many
        packages are needed only by maintainer scripts.

        Maintainer scripts don't run. Lading sets up alternatives, certificates and the linker's
        cache itself, and writes dpkg's database. The image's JSON file lists what else the
        scripts would have done; mostly they create users, for which there are `users` and
        `directories`.
        """
    )

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[str]], address: Address
    ) -> Optional[tuple[str, ...]]:
        value = super().compute_value(raw_value, address)
        check(address, PackageList.parse, value or ())
        return value


class ImageAlternativesField(AlternativesField):
    help = help_text(
        """
        The program that each generic command in `debian_packages` runs, such as `{"awk":
        "gawk"}`. Defaults to what `update-alternatives` would choose.
        """
    )


class DebianDocumentationField(BoolField):
    alias = "debian_documentation"
    default = False
    help = help_text(
        """
        Whether to include the documentation, manuals and translations of `debian_packages`.
        Licences are always included.
        """
    )


#: In the order in which `pants help` shows them.
DEBIAN_FIELDS = (
    ImageDebianLockField,
    ImageDebianPackagesField,
    ImageAlternativesField,
    DebianDocumentationField,
)
