import pytest

from lading.image.root.account_files import AccountFiles
from lading.image.root.resolved_user import resolve_user
from lading.values.errors import LadingError

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


@pytest.mark.parametrize(
    "line, id",
    [
        ("odd:x:99999999999:0::/:/bin/sh", "99999999999"),
        ("odd:x:2147483648:0::/:/bin/sh", "2147483648"),
        ("odd:x:" + "0" * 5000 + ":0::/:/bin/sh", "0" * 199 + "..."),
        ("odd:x:-1:0::/:/bin/sh", "-1"),
        ("odd:x:1e3:0::/:/bin/sh", "1e3"),
        ("odd:x:5:-2::/:/bin/sh", "-2"),
        ("odd:x", ""),
        ("odd", ""),
        ("odd:x:5\x1b:5::/:/bin/sh", "5\\x1b"),
    ],
)
def test_a_line_of_the_base_without_an_id_is_named(line: str, id: str) -> None:
    accounts = AccountFiles(f"root:x:0:0::/:\n\n{line}\n", "root:x:0:\n")
    with pytest.raises(LadingError) as error:
        resolve_user("odd", accounts)
    assert str(error.value).startswith(
        "line 3 of the image's /etc/passwd, which comes from its base or `contents`, gives 'odd' "
        f"the id '{id}"
    )
    assert str(error.value).endswith(
        ", but ids are numbers from 0 to 2147483647. Correct the line there, or write a number in "
        "place of 'odd'."
    )
