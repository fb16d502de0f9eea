"""The request for a lock. It uses only the standard library, since rule code creates it."""

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from lading.debian.lock.lock import NAME, VERSION
from lading.values.errors import LadingError

_ASKED = re.compile(
    rf"(?P<name>{NAME.pattern})(?:=(?P<version>{VERSION.pattern})|/(?P<suite>[a-z0-9][^/\s]*))?"
)


@dataclass(frozen=True)
class AskedPackage:
    """A package to lock, in any version, in `version` or from `suite`: `curl`, `curl=7.88.1-10`,
    `curl/bookworm-backports`, in the notation of apt-get(8)."""

    name: str
    version: str = ""
    suite: str = ""

    def __str__(self) -> str:
        version = f"={self.version}" if self.version else ""
        return f"{self.name}{version}{'/' * bool(self.suite)}{self.suite}"

    @classmethod
    def parse(cls, text: str) -> "AskedPackage":
        match = _ASKED.fullmatch(text)
        if match is None:
            raise LadingError(
                f"`packages` has {text!r}. Write the name of a Debian package, such as 'curl', "
                "optionally followed by '=7.88.1-10' or '/bookworm-backports'."
            )
        return cls(match["name"], match["version"] or "", match["suite"] or "")


@dataclass(frozen=True)
class LockRequest:
    """The fields of the `debian_lock` target, and the packages that its users ask for.

    `lists` has the `debian_packages` of each target, `asked` the lock's own `packages`. `upgrade`
    has patterns of names whose versions may change although nothing requires it. `previous` is the
    text of the previous lock. Raises LadingError if one of the lists is empty.
    """

    resolve: str
    suites: Tuple[str, ...]
    components: Tuple[str, ...]
    architectures: Tuple[str, ...]
    lists: Tuple[Tuple[str, ...], ...] = ()
    asked: Tuple[AskedPackage, ...] = ()
    upgrade: Tuple[str, ...] = ()
    allow_older_index: bool = False
    previous: Optional[str] = None

    def __post_init__(self) -> None:
        for name in ("suites", "components", "architectures"):
            if not getattr(self, name):
                raise LadingError(f"`{name}` is empty. Name at least one.")
        if not self.lists and not self.asked:
            raise LadingError(
                "No target asks for a package of this lock, so there is nothing to resolve. Name "
                "the lock in a `build_root` or `fetch_debian`, or list packages in `packages`."
            )
