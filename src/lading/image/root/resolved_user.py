"""From the user that an image names to the numbers in its config."""

from typing import Optional

from lading.image.config.user import User, is_number
from lading.image.root.account_files import AccountFiles
from lading.values.errors import LadingError


def resolve_user(text: str, accounts: AccountFiles) -> str:
    """`redis` as `999:999`; ids stay as they are.

    Numbers, because Kubernetes' `runAsNonRoot` refuses names (prometheus/statsd_exporter#406). A
    user in further groups becomes `999` alone: only then runtimes look these up. LadingError for
    a name that the image's files lack, since no runtime would start it (nixpkgs PR#105685).
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
