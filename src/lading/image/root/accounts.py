"""Users and groups that an image declares in its fields `users` and `groups`.

    users={"redis": 999}
    users={"redis": {"uid": 999, "home": "/data"}}
    groups={"tls": 998, "web": {"gid": 1000, "members": ["redis"]}}

Ids are always written down: an automatically assigned one could change when a user is added, and
files in volumes would then belong to another user.
"""

import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple, Union

from lading.files.container_path import parse_container_path
from lading.image.config.user import MAX_ID, is_name, is_number
from lading.values.errors import LadingError

#: useradd(8), groupadd(8).
MAX_NAME_LENGTH = 32

ROOT, ROOT_ID = "root", 0
NOBODY, NOBODY_ID = "nobody", 65534

DEFAULT_HOME = "/"
DEFAULT_SHELL = "/bin/sh"

_USER_KEYS = ("uid", "group", "gecos", "home", "shell")
_GROUP_KEYS = ("gid", "members")

# The separators of fields and lines in passwd(5).
_SEPARATOR = re.compile(r"[:\r\n\0]")


@dataclass(frozen=True)
class GroupAccount:
    """An `implied` group was not declared, but is the primary group of the user with the same name.
    If the image already has a group of that name, that one is used."""

    name: str
    gid: int
    members: Tuple[str, ...] = ()
    implied: bool = False

    @property
    def id(self) -> int:
        return self.gid


@dataclass(frozen=True)
class UserAccount:
    """`group` is the name or the decimal id of the primary group."""

    name: str
    uid: int
    group: str
    gecos: str = ""
    home: str = DEFAULT_HOME
    shell: str = DEFAULT_SHELL

    @property
    def id(self) -> int:
        return self.uid


#: Added to every image that declares a user or a group, unless its base or `contents` have them.
ROOT_USER = UserAccount(ROOT, ROOT_ID, str(ROOT_ID), "root", "/root")
NOBODY_USER = UserAccount(
    NOBODY, NOBODY_ID, str(NOBODY_ID), "nobody", "/nonexistent", "/usr/sbin/nologin"
)
ROOT_GROUP = GroupAccount(ROOT, ROOT_ID)
NOBODY_GROUP = GroupAccount(NOBODY, NOBODY_ID)


@dataclass(frozen=True)
class Accounts:
    """Sorted by name. A user's own group is among `groups`; root and nobody are included only if
    they were declared."""

    users: Tuple[UserAccount, ...] = ()
    groups: Tuple[GroupAccount, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.users or self.groups)

    @classmethod
    def parse(cls, users: Mapping[str, Any], groups: Mapping[str, Any]) -> "Accounts":
        """Reads the values of the two fields. Raises a LadingError for what passwd(5) or group(5)
        can't contain, and for an id that is given twice."""
        parsed_groups = {name: _parse_group(name, value) for name, value in sorted(groups.items())}
        parsed_users = []
        for name, value in sorted(users.items()):
            user = _parse_user(name, value)
            parsed_users.append(user)
            if user.group == name and name not in parsed_groups:
                parsed_groups[name] = GroupAccount(name, user.uid, implied=True)
        accounts = cls(
            tuple(parsed_users),
            tuple(group for _, group in sorted(parsed_groups.items())),
        )
        _check_ids("users", (ROOT_USER, NOBODY_USER, *accounts.users))
        _check_ids("groups", (ROOT_GROUP, NOBODY_GROUP, *accounts.groups))
        return accounts


def _parse_user(name: str, value: Any) -> UserAccount:
    _check_name("users", name)
    example = '`999` or `{"uid": 999, "home": "/data"}`'
    fields = _fields("users", name, value, "uid", _USER_KEYS, example)
    known = {ROOT: ROOT_USER, NOBODY: NOBODY_USER}.get(name)
    default = known or UserAccount(name, 0, name)
    return UserAccount(
        name=name,
        uid=_parse_id("users", name, "uid", fields.get("uid", known and known.uid)),
        group=_parse_primary_group(name, fields.get("group", default.group)),
        gecos=_parse_text(name, "gecos", fields.get("gecos", default.gecos)),
        home=_parse_path(name, "home", fields.get("home", default.home)),
        shell=_parse_path(name, "shell", fields.get("shell", default.shell)),
    )


def _parse_group(name: str, value: Any) -> GroupAccount:
    _check_name("groups", name)
    example = '`999` or `{"gid": 999, "members": ["redis"]}`'
    fields = _fields("groups", name, value, "gid", _GROUP_KEYS, example)
    gid = _parse_id("groups", name, "gid", fields.get("gid"))
    members = fields.get("members", ())
    if not isinstance(members, (list, tuple)) or not all(is_name(member) for member in members):
        raise LadingError(
            f"`groups` gives {name!r} the `members` {members!r}. Write a list of users' names."
        )
    return GroupAccount(name, gid, tuple(dict.fromkeys(members)))


def _fields(
    field: str, name: str, value: Any, id_key: str, keys: Sequence[str], example: str
) -> Mapping[str, Any]:
    """`value` as a dictionary, whichever of its two forms it has."""
    if _is_int(value):
        return {id_key: value}
    if not isinstance(value, Mapping):
        raise LadingError(f"`{field}` gives {name!r} the value {value!r}. Write {example}.")
    for key in value:
        if key not in keys:
            raise LadingError(
                f"`{field}` gives {name!r} the unknown key {key!r}. The keys are "
                f"{', '.join(keys)}."
            )
    return value


def _check_name(field: str, name: Any) -> None:
    if not is_name(name) or len(name) > MAX_NAME_LENGTH:
        raise LadingError(
            f"`{field}` has the name {name!r}. A name has at most {MAX_NAME_LENGTH} letters, "
            "digits, `_`, `-` and `.`, and begins with a letter or `_`."
        )


def _parse_id(field: str, name: str, key: str, value: Any) -> int:
    if value is None:
        raise LadingError(
            f"`{field}` gives {name!r} no `{key}`. Choose one, such as 999: files in volumes keep "
            "the id, so it must not change by itself."
        )
    if not _is_id(value):
        raise LadingError(
            f"`{field}` gives {name!r} the `{key}` {value!r}. Write a number from 0 to {MAX_ID}."
        )
    return int(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_int(value) and 0 <= value <= MAX_ID


def _parse_primary_group(name: str, value: Any) -> str:
    if _is_id(value):
        return str(value)
    if isinstance(value, str) and (is_name(value) or (is_number(value) and int(value) <= MAX_ID)):
        return value
    raise LadingError(
        f"`users` gives {name!r} the `group` {value!r}. Write the name or the id of one group; "
        "`members` in `groups` adds users to more."
    )


def _parse_text(name: str, key: str, value: Any) -> str:
    if not isinstance(value, str) or _SEPARATOR.search(value):
        raise LadingError(
            f"`users` gives {name!r} the `{key}` {value!r}. Write a string without colons and line "
            "breaks, which separate the fields of /etc/passwd."
        )
    return value


def _parse_path(name: str, key: str, value: Any) -> str:
    return parse_container_path("users", _parse_text(name, key, value))


def _check_ids(field: str, accounts: Sequence[Union[UserAccount, GroupAccount]]) -> None:
    """Each name needs its own id (rules_img refuses duplicate ids as well)."""
    names: Dict[int, str] = {}
    for account in accounts:
        other = names.setdefault(account.id, account.name)
        if other != account.name:
            raise LadingError(
                f"`{field}` gives {account.name!r} the id {account.id}, which is {other!r}'s. "
                "Choose another one."
            )
