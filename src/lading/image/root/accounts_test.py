from typing import Any, Dict

import pytest

from lading.image.root.accounts import Accounts, GroupAccount, UserAccount
from lading.values.errors import LadingError


def test_an_id_is_enough() -> None:
    accounts = Accounts.parse({"redis": 999}, {"tls": 998})
    assert accounts.users == (UserAccount("redis", 999, "redis", "", "/", "/bin/sh"),)
    assert accounts.groups == (GroupAccount("redis", 999, implied=True), GroupAccount("tls", 998))


def test_every_field() -> None:
    accounts = Accounts.parse(
        {
            "redis": {
                "uid": 999,
                "group": "web",
                "gecos": "Redis, the store",
                "home": "/data",
                "shell": "/store/bash/bin/bash",
            },
            "app": {"uid": 1000, "group": 7},
        },
        {"web": {"gid": 80, "members": ["app", "app"]}},
    )
    assert accounts.users == (
        UserAccount("app", 1000, "7"),
        UserAccount("redis", 999, "web", "Redis, the store", "/data", "/store/bash/bin/bash"),
    )
    assert accounts.groups == (GroupAccount("web", 80, ("app",)),)


def test_root_and_nobody_need_no_id() -> None:
    accounts = Accounts.parse({"root": {"shell": "/bin/bash"}, "nobody": 65534}, {})
    assert accounts.users[1] == UserAccount("root", 0, "0", "root", "/root", "/bin/bash")
    assert not accounts.groups


def test_nothing_declared_is_false() -> None:
    assert not Accounts.parse({}, {})
    assert Accounts.parse({}, {"web": 80})


@pytest.mark.parametrize(
    "users, groups, reason",
    [
        ({"a b": 9}, {}, "`users` has the name 'a b'"),
        ({"": 9}, {}, "`users` has the name ''"),
        ({"a:b": 9}, {}, "`users` has the name 'a:b'"),
        ({"9a": 9}, {}, "`users` has the name '9a'"),
        ({"a" * 33: 9}, {}, "A name has at most 32"),
        ({"redis": "999"}, {}, "`users` gives 'redis' the value '999'. Write `999` or"),
        ({"redis": None}, {}, "`users` gives 'redis' the value None"),
        ({"redis": True}, {}, "`users` gives 'redis' the value True"),
        (
            {"redis": {"id": 9}},
            {},
            "the unknown key 'id'. The keys are uid, group, gecos, home, shell.",
        ),
        ({"redis": {}}, {}, "`users` gives 'redis' no `uid`. Choose one"),
        ({"redis": -1}, {}, "`users` gives 'redis' the `uid` -1"),
        ({"redis": 2**31}, {}, "Write a number from 0 to 2147483647."),
        ({"redis": {"uid": "9"}}, {}, "`users` gives 'redis' the `uid` '9'"),
        ({"redis": {"uid": True}}, {}, "`users` gives 'redis' the `uid` True"),
        ({"redis": {"uid": 9, "group": "a b"}}, {}, "the `group` 'a b'. Write the name or the id"),
        ({"redis": {"uid": 9, "group": ["a"]}}, {}, "`members` in `groups` adds users to more"),
        ({"redis": {"uid": 9, "group": -2}}, {}, "the `group` -2"),
        ({"redis": {"uid": 9, "gecos": "a:b"}}, {}, "Write a string without colons"),
        ({"redis": {"uid": 9, "gecos": "a\nb"}}, {}, "Write a string without colons"),
        ({"redis": {"uid": 9, "gecos": 1}}, {}, "the `gecos` 1"),
        ({"redis": {"uid": 9, "home": "data"}}, {}, "`users` has 'data', which is not absolute"),
        ({"redis": {"uid": 9, "shell": ""}}, {}, "which is not absolute"),
        ({"redis": {"uid": 9, "shell": "/a:b"}}, {}, "the `shell` '/a:b'"),
        ({"redis": 9, "web": 9}, {}, "`users` gives 'web' the id 9, which is 'redis''s"),
        ({"toor": 0}, {}, "`users` gives 'toor' the id 0, which is 'root''s"),
        ({"root": 5, "a": 0}, {}, "`users` gives 'a' the id 0, which is 'root''s"),
        ({"none": 65534}, {}, "the id 65534, which is 'nobody''s"),
        ({"redis": 9}, {"web": 9}, "`groups` gives 'web' the id 9, which is 'redis''s"),
        ({}, {"wheel": 0}, "`groups` gives 'wheel' the id 0, which is 'root''s"),
        ({}, {"web": "80"}, "`groups` gives 'web' the value '80'. Write `999` or"),
        ({}, {"web": {}}, "`groups` gives 'web' no `gid`"),
        (
            {},
            {"web": {"gid": 9, "users": []}},
            "the unknown key 'users'. The keys are gid, members.",
        ),
        ({}, {"web": {"gid": 9, "members": "redis"}}, "the `members` 'redis'. Write a list"),
        ({}, {"web": {"gid": 9, "members": ["a,b"]}}, "Write a list of users' names"),
        ({}, {"a b": 9}, "`groups` has the name 'a b'"),
    ],
)
def test_bad_accounts(users: Dict[str, Any], groups: Dict[str, Any], reason: str) -> None:
    with pytest.raises(LadingError) as error:
        Accounts.parse(users, groups)
    assert reason in str(error.value)
