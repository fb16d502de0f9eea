"""The user that an image's process runs as (OCI image-spec, config.md, User)."""

import re
from dataclasses import dataclass

from lading.files.container_path import shown
from lading.values.errors import LadingError

#: The largest id that fits the kernel's signed ids and every runtime.
MAX_ID = 2**31 - 1

# What useradd accepts, and the dots and upper-case letters that directory services use.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
# More digits than any id has, but fewer than Python refuses to read.
_NUMBER = re.compile(r"[0-9]{1,20}")


def is_name(text: object) -> bool:
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


@dataclass(frozen=True)
class User:
    """Each part is a name or a decimal id; `group` is empty if only a user is given."""

    user: str
    group: str = ""

    @classmethod
    def parse(cls, text: str) -> "User":
        user, colon, group = text.partition(":")
        for part in (user, group) if colon else (user,):
            if is_number(part):
                if int(part) > MAX_ID:
                    raise LadingError(
                        f"`user` is {shown(text)}, but the highest id is {MAX_ID}. Choose a "
                        "smaller one."
                    )
            elif not is_name(part):
                raise LadingError(
                    f"`user` is {shown(text)}. Write a name or an id, optionally with a group "
                    "after a colon: `redis`, `999`, `redis:redis` or `999:999`."
                )
        return cls(user, group)

    def __str__(self) -> str:
        return f"{self.user}:{self.group}" if self.group else self.user

    @property
    def has_names(self) -> bool:
        """Whether a runtime must look anything up in the image's files."""
        return any(part and not is_number(part) for part in (self.user, self.group))
