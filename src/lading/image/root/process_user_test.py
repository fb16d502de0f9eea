from typing import Tuple

import pytest

from lading.image.root.account_files import AccountFiles
from lading.image.root.process_user import ProcessUser, name_of, resolve_user
from lading.values.errors import LadingError

ACCOUNTS = AccountFiles(
    passwd=(
        "root:x:0:0:root:/root:/bin/sh\n"
        "broken\n"
        "odd:x:a:b::/:\n"
        "redis:x:999:998::/data:/sbin/nologin\n"
        "1000:x:7:7::/seven:\n"
        "big:x:99999999999:0::/:\n"
    ),
    group="root:x:0:\nredis:x:998:\nweb:x:33:nobody,redis\nbad:x:y:redis\nextra:x:44:redis\nbig:x:2147483648:\n",
)


@pytest.mark.parametrize(
    "text, uid, gid, groups, home",
    [
        ("", 0, 0, (), "/root"),
        ("redis", 999, 998, (33, 44), "/data"),
        ("999", 999, 998, (33, 44), "/data"),
        ("redis:web", 999, 33, (), "/data"),
        ("999:12", 999, 12, (), "/data"),
        ("12", 12, 0, (), "/"),
        ("12:redis", 12, 998, (), "/"),
        ("1000", 7, 7, (), "/seven"),
    ],
)
def test_as_docker_finds_users(
    text: str, uid: int, gid: int, groups: Tuple[int, ...], home: str
) -> None:
    assert ProcessUser.find(text, ACCOUNTS) == ProcessUser(uid, gid, groups, home)


def test_without_files_ids_are_what_they_are() -> None:
    assert ProcessUser.find("5:6", AccountFiles()) == ProcessUser(5, 6, (), "/")
    assert ProcessUser.find("", AccountFiles()) == ProcessUser(0, 0, (), "/")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("mysql", "there is no user 'mysql' in the image's /etc/passwd, so nothing can"),
        ("redis:mysql", "there is no group 'mysql' in the image's /etc/group, so nothing can"),
        ("big", "gives 'big' the id 99999999999, but the highest id is 2147483647, so nothing can"),
        (
            "0:big",
            "gives 'big' the id 2147483648, but the highest id is 2147483647, so nothing can",
        ),
    ],
)
def test_names_that_are_not_there(text: str, sentence: str) -> None:
    with pytest.raises(LadingError, match=sentence):
        ProcessUser.find(text, ACCOUNTS)


def test_names_of_ids() -> None:
    assert name_of(999, ACCOUNTS.passwd) == "redis"
    assert name_of(998, ACCOUNTS.group) == "redis"
    assert name_of(5, ACCOUNTS.passwd) == ""


DECLARED = AccountFiles(
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
        # If a group is given, runtimes give the process no additional groups.
        ("tls", "5"),
        ("bad", "7"),
    ],
)
def test_statsd_exporter_406_names_become_numbers(user: str, numbers: str) -> None:
    assert resolve_user(user, DECLARED) == numbers


@pytest.mark.parametrize(
    "user, reason",
    [
        ("web", "'web' is not in the image's /etc/passwd. Declare it in `users`"),
        ("redis:web", "'web' is not in the image's /etc/group. Declare it in `groups`"),
    ],
)
def test_nixpkgs_pr_105685_a_named_user_must_exist(user: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        resolve_user(user, DECLARED)
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
