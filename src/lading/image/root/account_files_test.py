from typing import Any, Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.image.root.account_files import AccountFiles
from lading.image.root.accounts import Accounts
from lading.values.errors import LadingError

DEBIAN = AccountFiles(
    passwd="root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/no\n",
    group="root:x:0:\nadm:x:4:syslog\nnogroup:x:65534:\n",
    shadow="root:*:19000:0:99999:7:::\n",
)


def extended(files: AccountFiles, users: Dict[str, Any], **groups: Any) -> AccountFiles:
    return files.extended(Accounts.parse(users, groups))


def test_nixpkgs_pr_105685_nix_6979_apko_2323_files_from_nothing() -> None:
    files = extended(
        AccountFiles(),
        {"redis": {"uid": 999, "home": "/data"}},
        web={"gid": 80, "members": ["redis"]},
    )
    assert files.passwd == (
        "root:x:0:0:root:/root:/bin/sh\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        "redis:x:999:999::/data:/bin/sh\n"
    )
    assert files.group == "root:x:0:\nnobody:x:65534:\nredis:x:999:\nweb:x:80:redis\n"
    # No dates: the result is the same every day, and what useradd writes with SOURCE_DATE_EPOCH=0.
    assert files.shadow == "root:!:::::::\nnobody:!:::::::\nredis:!:::::::\n"
    assert files.gshadow == "root:!::\nnobody:!::\nredis:!::\nweb:!::redis\n"


def test_what_is_there_stays() -> None:
    files = extended(DEBIAN, {"redis": 999}, adm={"gid": 4, "members": ["redis"]})
    assert files.passwd == DEBIAN.passwd + "redis:x:999:999::/:/bin/sh\n"
    # nogroup has nobody's id, so there is no group nobody.
    assert files.group == "root:x:0:\nadm:x:4:syslog,redis\nnogroup:x:65534:\nredis:x:999:\n"
    assert files.shadow == DEBIAN.shadow + "nobody:!:::::::\nredis:!:::::::\n"
    assert files.gshadow == "root:!::\nadm:!::syslog,redis\nnogroup:!::\nredis:!::\n"


def test_odd_lines_stay() -> None:
    odd = AccountFiles(
        passwd="\n# people\n+::::::\nroot:x:0:0:::\nbig:x:99999999999:1::/:\n\nroot:y:5:5:::\n:",
        group="root:x:0:\nbig:x:-1:\n",
    )
    files = extended(odd, {"redis": 999})
    assert files.passwd == odd.passwd + (
        "\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nredis:x:999:999::/:/bin/sh\n"
    )
    assert files.group == odd.group + "nobody:x:65534:\nredis:x:999:\n"
    with pytest.raises(
        LadingError, match="^line 2 of the image's /etc/group, .*gives 'big' the id"
    ):
        extended(odd, {"redis": {"uid": 999, "group": "big"}})


def test_the_same_account_again_changes_nothing() -> None:
    once = extended(DEBIAN, {"redis": 999})
    assert extended(once, {"redis": 999}) == once


def test_a_group_of_the_user_s_name_is_its_group() -> None:
    files = extended(DEBIAN, {"adm": 999})
    assert files.group == DEBIAN.group
    assert "adm:x:999:4::/:/bin/sh" in files.passwd


def test_root_may_be_changed() -> None:
    files = extended(DEBIAN, {"root": {"shell": "/bin/sh"}})
    assert files.passwd.startswith("root:x:0:0:root:/root:/bin/sh\nnobody:")


@pytest.mark.parametrize(
    "users, groups, reason",
    [
        ({"nobody": {"uid": 9, "group": 9}}, {}, "but the image has `nobody:x:65534:65534:"),
        ({"web": {"uid": 9, "group": "wbe"}}, {}, "the `group` 'wbe', which is not a group of"),
        ({"web": 4}, {}, "`groups` gives 'web' the id 4, which the group 'adm' has in"),
        ({}, {"adm": 5}, "`groups` gives 'adm' the id 5, but the image has `adm:x:4:syslog`"),
        ({}, {"web": {"gid": 5, "members": ["wbe"]}}, "the member 'wbe', which is not a user of"),
    ],
)
def test_what_does_not_fit(users: Dict[str, Any], groups: Dict[str, Any], reason: str) -> None:
    with pytest.raises(LadingError) as error:
        extended(DEBIAN, users, **groups)
    assert reason in str(error.value)


def test_an_id_that_another_name_has() -> None:
    files = AccountFiles(passwd="web:x:999:9::/:/x\n")
    with pytest.raises(LadingError, match="'redis' the id 999, which the user 'web' has"):
        extended(files, {"redis": {"uid": 999, "group": 5}})


def test_look_ups() -> None:
    files = AccountFiles("a:x:1:2::/:\nb:x:\nc:x:y:z\na:x:7:7::/:\n", "g:x:3:b,c\nh:x:4\n")
    assert (files.uid_of("a"), files.primary_gid_of("a"), files.gid_of("g")) == (1, 2, 3)
    assert files.uid_of("d") is files.primary_gid_of("b") is None
    assert files.in_more_groups("c") and not files.in_more_groups("a")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_come_back(passwd: bytes, group: bytes) -> None:
    data = {"etc/passwd": passwd, "etc/group": group}
    kept = AccountFiles.from_data(data).to_data()
    assert kept == {path: content for path, content in data.items() if content}
