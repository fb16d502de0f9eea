from typing import Tuple

import pytest

from lading.image.root.account_files import AccountFiles
from lading.image.root.process_user import ProcessUser, name_of
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
        ("mysql", "there is no user 'mysql' in the image's /etc/passwd, so that nothing can"),
        ("redis:mysql", "there is no group 'mysql' in the image's /etc/group, so that nothing can"),
        ("big", "gives 'big' the id 99999999999, but ids end at 2147483647, so that nothing can"),
        ("0:big", "gives 'big' the id 2147483648, but ids end at 2147483647, so that nothing can"),
    ],
)
def test_names_that_are_not_there(text: str, sentence: str) -> None:
    with pytest.raises(LadingError, match=sentence):
        ProcessUser.find(text, ACCOUNTS)


def test_names_of_ids() -> None:
    assert name_of(999, ACCOUNTS.passwd) == "redis"
    assert name_of(998, ACCOUNTS.group) == "redis"
    assert name_of(5, ACCOUNTS.passwd) == ""
