"""`debian_lock`: the exact Debian packages that a repository uses."""

from __future__ import annotations

import re
from typing import ClassVar, Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    AsyncFieldMixin,
    InvalidFieldException,
    OptionalSingleSourceField,
    StringField,
    StringSequenceField,
)
from pants.util.strutil import help_text

from lading_pants.fields.lading_target import LadingTarget


class _NamesField(StringSequenceField):
    """Names that are parts of addresses in the archive."""

    pattern: ClassVar[re.Pattern[str]]
    example: ClassVar[str]

    @classmethod
    def compute_value(
        cls, raw_value: Optional[Iterable[str]], address: Address
    ) -> Optional[tuple[str, ...]]:
        value = super().compute_value(raw_value, address)
        for name in value or ():
            if not cls.pattern.fullmatch(name) or ".." in name:
                raise InvalidFieldException(
                    f"`debian_lock` {address}: `{cls.alias}` has {name!r}, which can't be a name "
                    f"in Debian's archive. Write a list such as `{cls.example}`."
                )
        return value


class DebianSuitesField(_NamesField):
    alias = "suites"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*(?:/[A-Za-z0-9.+~_-]+)*")
    example = '["bookworm", "bookworm-updates", "bookworm-security"]'
    required = True
    help = help_text(
        """
        The suites to take packages from, such as `["bookworm", "bookworm-updates",
        "bookworm-security"]`.

        The newest version in any suite is locked. Backports and experimental are the exception: a
        version from there is locked only if no other suite has the package, a dependency requires
        it, or `packages` asks for it.
        """
    )


class DebianComponentsField(_NamesField):
    alias = "components"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*")
    example = '["main", "non-free-firmware"]'
    default = ("main",)
    help = help_text(
        """
        The components of the suites, such as `["main", "non-free-firmware"]`.
        """
    )


class DebianArchitecturesField(_NamesField):
    alias = "architectures"
    pattern = re.compile(r"[a-z0-9][a-z0-9-]*")
    example = '["amd64", "arm64"]'
    default = ("amd64",)
    help = help_text(
        """
        The architectures to lock packages for, by Debian's names, such as `["amd64", "arm64"]`.
        """
    )


class DebianExtraPackagesField(StringSequenceField):
    alias = "packages"
    default = ()
    help = help_text(
        """
        Packages to lock, with everything they depend on, in addition to those that `build_root`,
        `fetch_debian` and `docker_image` targets with this lock name.

        To choose a version or a suite, write `curl=7.88.1-10` or `curl/bookworm-backports`. The
        choice holds for everything that uses this lock.
        """
    )


class DebianLockfileField(OptionalSingleSourceField):
    alias = "lockfile"
    help = help_text(
        """
        The lock's file, beside the BUILD file. Defaults to `<name>.lock.json`. `./pants
        generate-lockfiles` writes it; keep it in version control.
        """
    )
    required = False

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        default = f"{address.target_name}.lock.json"
        return super().compute_value(default if raw_value is None else raw_value, address)


class DebianResolveField(StringField, AsyncFieldMixin):
    alias = "resolve"
    help = help_text(
        """
        The name of this lock for `./pants generate-lockfiles --resolve=`. Defaults to the
        target's name.
        """
    )

    @property
    def resolve_name(self) -> str:
        return self.value or self.address.target_name


class DebianLockTarget(LadingTarget):
    alias = "debian_lock"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        DebianSuitesField,
        DebianComponentsField,
        DebianArchitecturesField,
        DebianExtraPackagesField,
        DebianLockfileField,
        DebianResolveField,
    )
    help = help_text(
        """
        Debian packages, pinned by version and digest, for build roots, store packages and images.

        `./pants generate-lockfiles --resolve=<name>` reads the archive's signed index, resolves
        the packages that targets name and everything they depend on, and writes the lock's file.
        """
    )
