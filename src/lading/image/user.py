"""The user that an image's process runs as (OCI image-spec, config.md, User)."""

import re
from dataclasses import dataclass
from typing import Tuple

from lading.errors import LadingError

#: What the kernel's signed ids and every runtime can hold.
MAX_ID = 2**31 - 1

# As useradd accepts them, with the dots and upper-case letters that directories use.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class User:
    """Either part is a name or a decimal id; `group` is empty where only a user is given."""

    user: str
    group: str = ""

    @classmethod
    def parse(cls, text: str) -> "User":
        user, colon, group = text.partition(":")
        for part in (user, group) if colon else (user,):
            if _NUMBER.fullmatch(part):
                if int(part) > MAX_ID:
                    raise LadingError(
                        f"`user` is {text!r}, but ids end at {MAX_ID}. Choose a smaller one."
                    )
            elif not _NAME.fullmatch(part):
                raise LadingError(
                    f"`user` is {text!r}. Write a name or an id, with a group behind a colon if "
                    "you like: `redis`, `999`, `redis:redis` or `999:999`."
                )
        return cls(user, group)

    def __str__(self) -> str:
        return f"{self.user}:{self.group}" if self.group else self.user

    @property
    def has_names(self) -> bool:
        """Whether a runtime looks anything up in the image's files."""
        return any(part and not _NUMBER.fullmatch(part) for part in (self.user, self.group))

    def check_known(self, passwd: bytes, group: bytes) -> None:
        """A LadingError for a name that the image's /etc/passwd or /etc/group lacks.

        A runtime would refuse to start the container (nixpkgs PR#105685).
        """
        for name, file, text in (
            (self.user, "/etc/passwd", passwd),
            (self.group, "/etc/group", group),
        ):
            if name and not _NUMBER.fullmatch(name) and name not in _names(text):
                raise LadingError(
                    f"`user` is {str(self)!r}, but {name!r} is not in the image's {file}. Use a "
                    f"number such as `999:999`, or put a package with `etc/{file[5:]}` into "
                    "`contents`."
                )


def _names(database: bytes) -> Tuple[str, ...]:
    """First fields of a file like passwd(5)."""
    lines = database.decode("utf-8", "replace").splitlines()
    return tuple(line.partition(":")[0] for line in lines)
