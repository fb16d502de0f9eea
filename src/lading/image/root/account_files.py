"""passwd(5), group(5), shadow(5) and gshadow(5) of an image."""

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, TypeVar, Union

from lading.image.config.user import MAX_ID, is_number
from lading.image.root.accounts import (
    NOBODY_GROUP,
    NOBODY_USER,
    ROOT,
    ROOT_GROUP,
    ROOT_USER,
    Accounts,
    GroupAccount,
    UserAccount,
)
from lading.values.errors import LadingError
from lading.values.foreign_text import shown

#: Paths in the image, with their modes. Without a shadow group, only root can read shadow.
ACCOUNT_FILES: Mapping[str, int] = {
    "etc/passwd": 0o644,
    "etc/group": 0o644,
    "etc/shadow": 0o640,
    "etc/gshadow": 0o640,
}

#: Without this, the C library does not ask /etc/hosts before DNS.
NSSWITCH = ("etc/nsswitch.conf", b"hosts: files dns\n")

# No password matches. The other fields are empty, so that no date gets into the image; useradd and
# groupadd write the same for system accounts if SOURCE_DATE_EPOCH is 0.
_SHADOW_TAIL = ["!", "", "", "", "", "", "", ""]

# The most digits of an id, including leading zeros.
_LONGEST_ID = 20

_Lines = Dict[str, List[str]]


@dataclass(frozen=True)
class AccountFiles:
    """The texts of the four files; "" for one that does not exist."""

    passwd: str = ""
    group: str = ""
    shadow: str = ""
    gshadow: str = ""

    @classmethod
    def from_data(cls, data: Mapping[str, bytes]) -> "AccountFiles":
        """From content by path (`etc/passwd` and so on). `to_data` restores the same bytes,
        whatever they are."""
        texts = (data.get(path, b"").decode("utf-8", "surrogateescape") for path in ACCOUNT_FILES)
        return cls(*texts)

    def to_data(self) -> Dict[str, bytes]:
        """Content by path, of the files that exist."""
        texts = (self.passwd, self.group, self.shadow, self.gshadow)
        return {
            path: text.encode("utf-8", "surrogateescape")
            for path, text in zip(ACCOUNT_FILES, texts)
            if text
        }

    def uid_of(self, user: str) -> Optional[int]:
        """None if there is no such user. Raises a LadingError if its line has no valid id."""
        return _id("/etc/passwd", self.passwd, user, 2)

    def primary_gid_of(self, user: str) -> Optional[int]:
        """None if the user is missing, and if its line ends before the group."""
        fields = _lines(self.passwd).get(user, ())
        return _id("/etc/passwd", self.passwd, user, 3) if len(fields) > 3 else None

    def gid_of(self, group: str) -> Optional[int]:
        return _id("/etc/group", self.group, group, 2)

    def in_more_groups(self, user: str) -> bool:
        """Whether `user` is a member of groups besides its primary one."""
        return any(user in _members(line) for line in _lines(self.group).values())

    def extended(self, accounts: Accounts) -> "AccountFiles":
        """These files with `accounts`, root and nobody added.

        Existing lines stay; new ones follow: root, nobody, then the others by name. Groups of the
        same name and id are merged. Raises a LadingError if a name exists with other values, or an
        id under another name; only root's line may be changed.
        """
        groups = self._extended_groups(accounts.groups)
        passwd = _lines(self.passwd)
        for user in _with_defaults(accounts.users, (ROOT_USER, NOBODY_USER), passwd):
            _add_user(passwd, user, _gid(user, _text(self.group, groups)))
        for group in accounts.groups:
            for member in group.members:
                if member not in passwd:
                    raise LadingError(
                        f"`groups` gives {group.name!r} the member {member!r}, which is not a "
                        "user of the image. Declare it in `users`."
                    )
        shadow, gshadow = _lines(self.shadow), _lines(self.gshadow)
        for name in passwd:
            shadow.setdefault(name, [name, *_SHADOW_TAIL])
        for name, line in groups.items():
            gshadow.setdefault(name, [name, "!", "", ""])[3:] = line[3:]
        return AccountFiles(
            _text(self.passwd, passwd),
            _text(self.group, groups),
            _text(self.shadow, shadow),
            _text(self.gshadow, gshadow),
        )

    def _extended_groups(self, declared: Sequence[GroupAccount]) -> _Lines:
        groups = _lines(self.group)
        for group in _with_defaults(declared, (ROOT_GROUP, NOBODY_GROUP), groups):
            _add_group(groups, group)
        return groups


def _lines(text: str) -> _Lines:
    """The fields of each line by name, in the file's order. If a name occurs twice, its first line
    counts."""
    lines: _Lines = {}
    for line in text.split("\n"):
        fields = line.split(":")
        if fields[0]:
            lines.setdefault(fields[0], fields)
    return lines


def _text(before: str, lines: _Lines) -> str:
    """`before` with the first line of each name replaced by that of `lines`, and with the missing
    lines added. Lines without an account, such as empty ones, stay."""
    left = dict(lines)
    texts = []
    for text in before.removesuffix("\n").split("\n") if before else []:
        fields = left.pop(text.partition(":")[0], None)
        texts.append(text if fields is None else ":".join(fields))
    return "".join(text + "\n" for text in (*texts, *(":".join(one) for one in left.values())))


def _number(line: Optional[Sequence[str]], field: int) -> Optional[int]:
    if line is None or len(line) <= field or not is_number(line[field]):
        return None
    if len(line[field]) > _LONGEST_ID:
        return None  # Python refuses to read thousands of digits
    return int(line[field])


def _id(file: str, text: str, name: str, field: int) -> Optional[int]:
    """The id in the first line of `name`; None if there is none."""
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split(":")
        if fields[0] != name:
            continue
        id = fields[field] if len(fields) > field else ""
        if not is_number(id) or len(id) > _LONGEST_ID or int(id) > MAX_ID:
            raise LadingError(
                f"line {number} of the image's {file}, which comes from its base or `contents`, "
                f"gives {name!r} the id {shown(repr(id))}, but ids are numbers from 0 "
                f"to {MAX_ID}. Correct the line there, or write a number in place of {name!r}."
            )
        return int(id)
    return None


def _members(line: Sequence[str]) -> Tuple[str, ...]:
    return tuple(name for name in line[3].split(",") if name) if len(line) > 3 else ()


_Account = Union[UserAccount, GroupAccount]
_AnyAccount = TypeVar("_AnyAccount", bound=_Account)


def _with_defaults(
    declared: Sequence[_AnyAccount], defaults: Sequence[_AnyAccount], lines: _Lines
) -> List[_AnyAccount]:
    """`declared`, and those of `defaults` whose name and id are neither declared nor in the
    files."""
    names = {account.name for account in declared} | set(lines)
    ids = {_number(line, 2) for line in lines.values()}
    missing = [
        account for account in defaults if account.name not in names and account.id not in ids
    ]
    first = {account.name: place for place, account in enumerate(defaults)}
    return sorted(
        (*missing, *declared),
        key=lambda account: (first.get(account.name, len(first)), account.name),
    )


def _add_user(passwd: _Lines, user: UserAccount, gid: int) -> None:
    line = [user.name, "x", str(user.uid), str(gid), user.gecos, user.home, user.shell]
    present = passwd.get(user.name)
    if present is not None and present[2:] != line[2:] and user.name != ROOT:
        raise LadingError(
            f"`users` makes {user.name!r} `{':'.join(line)}`, but the image has "
            f"`{':'.join(present)}` from its base or `contents`. Give it the same values, leave "
            "it out of `users`, or choose another name."
        )
    _check_id("users", "user", passwd, user)
    passwd[user.name] = line


def _add_group(groups: _Lines, group: GroupAccount) -> None:
    present = groups.get(group.name)
    if present is not None and group.implied:
        return
    if present is not None and _number(present, 2) != group.gid:
        raise LadingError(
            f"`groups` gives {group.name!r} the id {group.gid}, but the image has "
            f"`{':'.join(present)}` from its base or `contents`. Give it the same id, or choose "
            "another name."
        )
    _check_id("groups", "group", groups, group)
    members = dict.fromkeys((*_members(present or ()), *group.members))
    groups[group.name] = [group.name, "x", str(group.gid), ",".join(members)]


def _check_id(field: str, kind: str, lines: _Lines, account: _Account) -> None:
    for name, line in lines.items():
        if name != account.name and _number(line, 2) == account.id:
            raise LadingError(
                f"`{field}` gives {account.name!r} the id {account.id}, which the {kind} {name!r} "
                "has in the image's base or `contents`. Choose another one."
            )


def _gid(user: UserAccount, groups: str) -> int:
    gid = int(user.group) if is_number(user.group) else _id("/etc/group", groups, user.group, 2)
    if gid is None:
        raise LadingError(
            f"`users` gives {user.name!r} the `group` {user.group!r}, which is not a group of the "
            "image. Declare it in `groups`."
        )
    return gid
