"""The owner of a directory or file in an image: `redis:redis` or `999:999`."""

from dataclasses import dataclass
from typing import Tuple

from lading.image.config.user import MAX_ID, is_name, is_number
from lading.image.root.account_files import AccountFiles
from lading.values.errors import LadingError


@dataclass(frozen=True)
class Owner:
    """Each part is a name or a decimal id."""

    user: str
    group: str

    @classmethod
    def parse(cls, field: str, path: str, text: object) -> "Owner":
        """Parses `redis:redis`; errors mention `field` and `path`."""
        parts = text.split(":") if isinstance(text, str) else []
        if len(parts) != 2 or not all(is_name(part) or is_number(part) for part in parts):
            raise LadingError(
                f"`{field}` gives {path!r} the owner {text!r}. Write a user and a group, by name "
                "or by id, with a colon between: `redis:redis`, `999:999`."
            )
        for part in parts:
            if is_number(part) and int(part) > MAX_ID:
                raise LadingError(
                    f"`{field}` gives {path!r} the owner {text!r}, but the highest id is "
                    f"{MAX_ID}. Choose a smaller one."
                )
        return cls(*parts)

    def resolve(self, field: str, path: str, accounts: AccountFiles) -> Tuple[int, int]:
        """(uid, gid). Raises a LadingError for a name that is missing in the image's files."""
        uid = int(self.user) if is_number(self.user) else accounts.uid_of(self.user)
        gid = int(self.group) if is_number(self.group) else accounts.gid_of(self.group)
        if uid is None:
            raise _unknown(field, path, self.user, "users")
        if gid is None:
            raise _unknown(field, path, self.group, "groups")
        return uid, gid


#: The owner of everything without a declared owner.
ROOT_OWNER = Owner("0", "0")


def _unknown(field: str, path: str, name: str, accounts: str) -> LadingError:
    return LadingError(
        f"`{field}` gives {path!r} to {name!r}, but the image has no such "
        f"{accounts.rstrip('s')}. Declare it in `{accounts}`, or write an id."
    )
