from typing import Any, Dict

import pytest

from lading.image.root.directories import DirectorySpec
from lading.image.root.owner import ROOT_OWNER, Owner
from lading.image.root.root_fields import RootFields, fill_strings, strings
from lading.image.root.root_files import FileSpec
from lading.values.errors import LadingError


def test_nothing_is_said() -> None:
    fields = RootFields.parse({})
    assert fields.directories.defaults == {
        "tmp": DirectorySpec(0o1777),
        "var/tmp": DirectorySpec(0o1777),
    }
    assert not (fields.accounts or fields.directories.wanted or fields.files or fields.symlinks)


def test_all_is_said() -> None:
    fields = RootFields.parse(
        {
            "users": {"redis": 999},
            "groups": {"web": 80},
            "directories": {"/data": "0750 redis:redis", "/tmp": "none", "/a": "755"},
            "symlinks": {"/bin/sh": "/bin/bash"},
            "files": {
                "/etc/x": "text",
                "/etc/y": {"text": "", "mode": "0600", "owner": "1:2"},
                "/app": {"source": ":app", "mode": "4755"},
            },
        }
    )
    assert fields.directories.wanted == {
        "a": DirectorySpec(0o755),
        "data": DirectorySpec(0o750, Owner("redis", "redis")),
    }
    assert list(fields.directories.defaults) == ["root", "var/tmp"]
    assert fields.symlinks == {"bin/sh": "/bin/bash"}
    assert fields.files == {
        "app": FileSpec("", ":app", 0o4755, ROOT_OWNER),
        "etc/x": FileSpec("text", "", 0o644, ROOT_OWNER),
        "etc/y": FileSpec("", "", 0o600, Owner("1", "2")),
    }


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"directories": {"data": "0755"}}, "`directories` has 'data', which is not absolute"),
        ({"directories": {"/": "0755"}}, "`directories` has '/', which Lading sets"),
        ({"directories": {"/store": "0755"}}, "`directories` has '/store', which Lading sets"),
        ({"directories": {"/store/x": "0755"}}, "'/store/x', which Lading sets"),
        ({"directories": {"/data": "rwx"}}, "the mode 'rwx'"),
        ({"directories": {"/data": "0888"}}, "the mode '0888'"),
        ({"directories": {"/data": ""}}, "the mode ''"),
        ({"directories": {"/data": "0755 redis"}}, "the owner 'redis'. Write a user and a group"),
        ({"symlinks": {"bin/sh": "x"}}, "`symlinks` has 'bin/sh', which is not absolute"),
        ({"symlinks": {"/store/x": "y"}}, "`symlinks` has '/store/x', which Lading sets"),
        ({"symlinks": {"/x": ""}}, "`symlinks` gives '/x' the target ''"),
        ({"symlinks": {"/x": "a\0"}}, "`symlinks` gives '/x' the target 'a\\x00'"),
        # containerd#12683, #13382
        ({"symlinks": {"/etc/passwd": "/store/x"}}, "gives '/etc/passwd' the absolute target"),
        ({"symlinks": {"/etc": "/store/x/etc"}}, "gives '/etc' the absolute target"),
        ({"files": {"x": ""}}, "`files` has 'x', which is not absolute"),
        ({"files": {"/": ""}}, "`files` has '/', which Lading sets"),
        ({"files": {"/x": 5}}, "`files` gives '/x' the value 5. Write the file's text"),
        ({"files": {"/x": {}}}, "`files` must give '/x' either a `text` or"),
        ({"files": {"/x": {"text": "", "source": ""}}}, "either a `text` or"),
        ({"files": {"/x": {"text": "", "source": 1}}}, "both are strings"),
        ({"files": {"/x": {"text": 1}}}, "both are strings"),
        ({"files": {"/x": {"text": "", "uid": 1}}}, "The keys are text, source, mode, owner."),
        ({"files": {"/x": {"text": "", "mode": 0o644}}}, "the mode 420. Write a string of octal"),
        ({"files": {"/x": {"text": "", "mode": "rw"}}}, "the mode 'rw'"),
        ({"files": {"/x": {"text": "", "owner": "a"}}}, "the owner 'a'"),
        ({"users": {"redis": "x"}}, "`users` gives 'redis' the value 'x'"),
        (
            {"directories": {"/x": "0755"}, "symlinks": {"/x": "y"}},
            "`symlinks` has '/x', which `directories` makes too",
        ),
        (
            {"symlinks": {"/x": "y"}, "files": {"/x": ""}},
            "`files` has '/x', which `symlinks` makes too",
        ),
        (
            {"users": {"redis": 9}, "files": {"/etc/passwd": ""}},
            "`files` has '/etc/passwd', which `users` or `groups` makes too",
        ),
        (
            {"users": {"redis": 9}, "symlinks": {"/etc": "x"}},
            "`users` or `groups` has '/etc/passwd', but '/etc' is in `symlinks`",
        ),
        (
            {"symlinks": {"/a": "b"}, "directories": {"/a/b/c": "0755"}},
            "`directories` has '/a/b/c', but '/a' is in `symlinks` and so no directory",
        ),
        ({"files": {"/a": "", "/a/b": ""}}, "`files` has '/a/b', but '/a' is in `files`"),
    ],
)
def test_bad_fields(fields: Dict[str, Any], reason: str) -> None:
    with pytest.raises(LadingError) as error:
        RootFields.parse(fields)
    assert reason in str(error.value)


def test_strings_are_found_and_filled() -> None:
    value = {"b": {"text": "1", "mode": "2"}, "a": ("3", 4, None)}
    assert list(strings(value)) == ["3", "2", "1"]
    assert fill_strings(value, lambda text: text * 2) == {
        "a": ["33", 4, None],
        "b": {"mode": "22", "text": "11"},
    }
