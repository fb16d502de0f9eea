import pytest

from lading.errors import LadingError
from lading.image.account_files import AccountFiles
from lading.image.resolved_user import resolve_user

ACCOUNTS = AccountFiles(
    "root:x:0:0::/:\nredis:x:999:998::/:\ntls:x:5:5::/:\nbad:x:7\n",
    "root:x:0:\nredis:x:998:\nssl:x:80:tls\n",
)


@pytest.mark.parametrize(
    "user, numbers",
    [
        ("redis", "999:998"),
        ("redis:redis", "999:998"),
        ("redis:ssl", "999:80"),
        ("redis:1", "999:1"),
        ("1:redis", "1:998"),
        ("12:13", "12:13"),
        ("12", "12"),
        ("root", "0:0"),
        # With a group behind it, runtimes give the process no further groups.
        ("tls", "5"),
        ("bad", "7"),
    ],
)
def test_statsd_exporter_406_names_become_numbers(user: str, numbers: str) -> None:
    assert resolve_user(user, ACCOUNTS) == numbers


@pytest.mark.parametrize(
    "user, reason",
    [
        ("web", "'web' is not in the image's /etc/passwd. Declare it in `users`"),
        ("redis:web", "'web' is not in the image's /etc/group. Declare it in `groups`"),
    ],
)
def test_nixpkgs_pr_105685_a_named_user_must_exist(user: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        resolve_user(user, ACCOUNTS)
    assert f"`user` is {user!r}, but {reason}" in str(error.value)
