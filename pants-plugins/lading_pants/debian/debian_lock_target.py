"""`debian_lock`: which Debian packages exist for a repository, exactly."""

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
                    f"`debian_lock` {address}: `{cls.alias}` has {name!r}, which is no name that "
                    f"Debian's archive can have. Write a list such as `{cls.example}`."
                )
        return value


class DebianSuitesField(_NamesField):
    alias = "suites"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~_-]*(?:/[A-Za-z0-9.+~_-]+)*")
    example = '["bookworm", "bookworm-updates", "bookworm-security"]'
    required = True
    help = (
        "The suites that packages are taken from, such as `['bookworm', 'bookworm-updates', "
        "'bookworm-security']`. Of several versions the newest is locked, but backports and "
        "experimental only where no other suite has the package, where a dependency needs them, or "
        "where `packages` asks for them."
    )


class DebianComponentsField(_NamesField):
    alias = "components"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*")
    example = '["main", "non-free-firmware"]'
    default = ("main",)
    help = "The components of the suites, such as `main` and `non-free-firmware`."


class DebianArchitecturesField(_NamesField):
    alias = "architectures"
    pattern = re.compile(r"[a-z0-9][a-z0-9-]*")
    example = '["amd64", "arm64"]'
    default = ("amd64",)
    help = "Debian's names of the architectures to lock packages for, such as `amd64`, `arm64`."


class DebianExtraPackagesField(StringSequenceField):
    alias = "packages"
    default = ()
    help = (
        "Packages to lock besides those that `build_root`, `fetch_debian` and `docker_image` "
        "targets with this lock ask for. What these depend on is locked as well. A name may be "
        "followed by a version, `curl=7.88.1-10`, or by a suite, `curl/bookworm-backports`: this "
        "is locked then for all that use the package."
    )


class DebianLockfileField(OptionalSingleSourceField):
    alias = "lockfile"
    help = (
        "The lock's file, beside the BUILD file; `<name>.lock.json` if unset. It is written by "
        "`generate-lockfiles` and belongs in version control."
    )
    required = False

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        default = f"{address.target_name}.lock.json"
        return super().compute_value(default if raw_value is None else raw_value, address)


class DebianResolveField(StringField, AsyncFieldMixin):
    alias = "resolve"
    help = "What `generate-lockfiles --resolve=` calls this lock; the target's name if unset."

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
    help = (
        "Debian packages, pinned by version and digest, for build roots, store packages and "
        "images. `./pants generate-lockfiles --resolve=<name>` resolves the packages that "
        "targets ask for, with all they depend on, in the archive's signed index."
    )
