"""Finds the user of a container's process, as docker and podman do (moby/sys, user)."""

from dataclasses import dataclass
from typing import List, Optional, Tuple

from lading.image.config.user import MAX_ID, User, is_number
from lading.image.root.account_files import AccountFiles
from lading.values.errors import LadingError
from lading.values.foreign_text import shown


@dataclass(frozen=True)
class ProcessUser:
    uid: int
    gid: int
    groups: Tuple[int, ...]
    home: str

    @classmethod
    def find(cls, text: str, accounts: AccountFiles) -> "ProcessUser":
        """Resolves the user in an image's config; "" is root.

        Raises LadingError for a name that is missing in the image's files.
        """
        user = User.parse(text or "0")
        line = _find(user.user, accounts.passwd, 7)
        if line is None and not is_number(user.user):
            raise LadingError(
                f"there is no user {user.user!r} in the image's /etc/passwd, so nothing can run "
                "as that user."
            )
        uid = _id(user.user, line[2] if line else user.user)
        home = (line[5] if line else "") or "/"
        if user.group:
            group = _find(user.group, accounts.group, 3)
            if group is None and not is_number(user.group):
                raise LadingError(
                    f"there is no group {user.group!r} in the image's /etc/group, so nothing can "
                    "run with that group."
                )
            return cls(uid, _id(user.group, group[2] if group else user.group), (), home)
        groups = _groups_of(line[0], accounts.group) if line else ()
        return cls(uid, _id(user.user, line[3]) if line else 0, groups, home)


def _id(name: str, text: str) -> int:
    if len(text) > 20 or int(text) > MAX_ID:
        raise LadingError(
            f"the image's /etc/passwd or /etc/group gives {name!r} the id {shown(text)}, but the "
            f"highest id is {MAX_ID}, so nothing can run as that user."
        )
    return int(text)


def name_of(number: int, text: str) -> str:
    """The name of the user or group with this id in the text of passwd(5) or group(5); "" if there
    is none."""
    for line in _lines(text, 3):
        if line[2] == str(number):
            return line[0]
    return ""


def _lines(text: str, fields: int) -> List[List[str]]:
    """Lines with enough fields, and with numbers in the fields that require them."""
    lines = (line.split(":") for line in text.splitlines())
    return [
        line
        for line in lines
        if len(line) >= fields and all(map(is_number, line[2 : 4 if fields == 7 else 3]))
    ]


def _find(wanted: str, text: str, fields: int) -> Optional[List[str]]:
    for line in _lines(text, fields):
        if line[0] == wanted:
            return line
    for line in _lines(text, fields):
        if line[2] == wanted:
            return line
    return None


def _groups_of(user: str, text: str) -> Tuple[int, ...]:
    return tuple(_id(user, line[2]) for line in _lines(text, 4) if user in line[3].split(","))


def resolve_user(text: str, accounts: AccountFiles) -> str:
    """`redis` as `999:999`; ids stay as they are.

    The result has numbers because Kubernetes' `runAsNonRoot` refuses names
    (prometheus/statsd_exporter#406). For a user with additional groups it is only `999`, because
    otherwise runtimes do not look these groups up. Raises LadingError for a name that is missing in
    the image's files, since no runtime would start it (nixpkgs PR#105685).
    """
    user = User.parse(text)
    if not user.has_names:
        return text
    uid = _known(user, user.user, accounts.uid_of(user.user), "/etc/passwd", "users")
    if user.group:
        group = _known(user, user.group, accounts.gid_of(user.group), "/etc/group", "groups")
        return f"{uid}:{group}"
    gid = accounts.primary_gid_of(user.user)
    return uid if gid is None or accounts.in_more_groups(user.user) else f"{uid}:{gid}"


def _known(user: User, name: str, number: Optional[int], file: str, field: str) -> str:
    if is_number(name):
        return name
    if number is None:
        raise LadingError(
            f"`user` is {str(user)!r}, but {name!r} is not in the image's {file}. Declare it in "
            f"`{field}`, or use a number such as `999:999`."
        )
    return str(number)
