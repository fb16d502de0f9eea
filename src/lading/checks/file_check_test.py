from typing import Any, List

import pytest

from lading.checks.file_check import FileCheck
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.image_testing import ACCOUNTS, directory, image_files, link, program
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

FILES = image_files(
    {
        "data": directory(0o750, 999, 998),
        "bin/redis": link("/store/redis/bin/redis"),
        "store/redis/bin/redis": program(0o555),
        "bin/dangling": link("nowhere"),
        "bin/loop": link("loop"),
        "lib": link("usr/lib"),
        "usr/lib/x": program(),
        "run/pipe": Entry("run/pipe", Kind.PIPE, 0o600),
        "tmp": directory(0o1777),
        "bin/su": program(0o4755),
        "etc/motd": link("../usr/motd"),
    },
    {"usr/motd": b"Hello\nWorld\n", "usr/binary": b"\xff\x00"},
)


def failures(path: str, value: Any) -> List[str]:
    check = FileCheck.parse(path, value)
    assert from_json(FileCheck, to_json(check)) == check
    return list(check.judge(FILES, ACCOUNTS).failures)


@pytest.mark.parametrize(
    "path, value",
    [
        ("/", {"type": "directory", "mode": "0755", "owner": "root:root"}),
        ("/data", {"type": "directory", "mode": "750", "owner": "redis:redis"}),
        ("/data", {"owner": "999:998"}),
        ("/bin/redis", {"type": "file", "mode": "0555", "target": "/store/redis/bin/redis"}),
        ("/bin/redis", {"type": "symlink", "mode": "0777"}),
        ("/bin/dangling", {"type": "symlink", "target": "nowhere"}),
        ("/lib/x", {"type": "file"}),
        ("/run/pipe", {"type": "pipe", "mode": "0600"}),
        ("/tmp", {"mode": "1777"}),
        ("/bin/su", {"mode": "4755"}),
        ("/etc/motd", {"text": "Hello\nWorld\n", "contains": "^W", "lacks": ["x", "^o"]}),
        ("/usr/binary", {"contains": "\x00"}),
        ("/bin/gcc", None),
        ("/bin/redis/x", None),
        ("/bin/loop/x", None),
        ("/usr/motd", {}),
    ],
)
def test_what_is_right(path: str, value: Any) -> None:
    assert failures(path, value) == []


@pytest.mark.parametrize(
    "path, value, expected",
    [
        ("/no", {}, ["exists: expected yes, actual no"]),
        ("/data", None, ["exists: expected no, actual a directory"]),
        ("/bin/dangling", None, ["exists: expected no, actual a symlink to nowhere"]),
        ("/bin/dangling", {}, ["it is a symlink to nowhere, which is not there"]),
        ("/bin/loop", {}, ["it is a symlink to loop, which is not there"]),
        (
            "/data",
            {"type": "file", "mode": "0700", "owner": "root:0"},
            [
                "type: expected file, actual directory",
                "mode: expected 0700, actual 0750",
                "user: expected 0 (root), actual 999 (redis)",
                "group: expected 0, actual 998 (redis)",
            ],
        ),
        (
            "/usr/motd",
            {"owner": "mysql:5"},
            [
                "user: expected mysql, but the image has no such user",
                "group: expected 5, actual 0 (root)",
            ],
        ),
        (
            "/bin/redis",
            {"target": "redis"},
            ["target: expected redis, actual /store/redis/bin/redis"],
        ),
        ("/usr/motd", {"target": "x"}, ["target: expected x, actual no symlink but a file"]),
        (
            "/etc/motd",
            {"contains": ["Bye", "W"], "lacks": "Hel+o"},
            [
                "content does not match: Bye",
                "content matches, but must not: Hel+o",
                "its content:\n    Hello\n    World",
            ],
        ),
        (
            "/etc/motd",
            {"text": "Hello\nMoon\n"},
            [
                "text: - is expected, + is actual:\n"
                "    @@ -1,2 +1,2 @@\n     Hello\n    -Moon\n    +World"
            ],
        ),
        (
            "/etc/motd",
            {"text": "Hello\nWorld"},
            [
                "text: - is expected, + is actual:\n"
                "    the lines are the same, but their ends are not"
            ],
        ),
        ("/data", {"contains": "x"}, ["it is a directory and has no content"]),
    ],
)
def test_what_is_wrong(path: str, value: Any, expected: List[str]) -> None:
    assert failures(path, value) == expected


@pytest.mark.parametrize(
    "path, value, sentence",
    [
        ("data", {}, "`files` has 'data', which is not absolute. Write `/data`."),
        ("/data", True, "`files` gives '/data' True, which is not a dictionary."),
        ("/data", {"mod": "0755"}, "the unknown key 'mod'. Did you mean 'mode'?"),
        ("/data", {"zzz": 1}, "the unknown key 'zzz'. The keys are type, mode, owner"),
        ("/data", {"mode": 0o755}, "`files` gives '/data' the mode 493. Write a string."),
        ("/data", {"mode": "rwx"}, "the mode 'rwx'. Write a string of octal digits such as"),
        (
            "/data",
            {"type": "dir"},
            "the type 'dir'. Write one of file, directory, symlink, pipe, char",
        ),
        ("/data", {"owner": "redis"}, "`files` gives '/data' the owner 'redis'. Write a user and"),
        ("/data", {"contains": "("}, "`files` gives '/data', in 'contains', the pattern '(',"),
        ("/data", {"contains": [1]}, "`files` gives '/data', in 'contains', the pattern 1, which"),
    ],
)
def test_what_can_not_be(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as raised:
        FileCheck.parse(path, value)
    assert sentence in str(raised.value)


def test_what_is_wrong_for_container_structure_test() -> None:
    check = FileCheck(
        path="/bin/$WHAT",
        name="x",
        follow=False,
        permissions="-rwxr-xr-x",
        executable_by="other",
        variables=(("WHAT", "${NAME}s"),),
    )
    assert from_json(FileCheck, to_json(check)) == check
    check = check.expanded({"NAME": "redi"})
    assert check.path == "/bin/redis"
    assert check.judge(FILES, ACCOUNTS).failures == (
        "permissions: expected -rwxr-xr-x, actual Lrwxrwxrwx",
    )
    motd = FileCheck("/usr/motd", "y", follow=False, executable_by="any")
    assert motd.judge(FILES, ACCOUNTS).failures == (
        "executable by: expected any, actual -rw-r--r--",
    )


def test_only_what_is_looked_at_is_wanted() -> None:
    assert FileCheck.parse("/etc/motd", {"contains": "x"}).wanted(FILES) == ("usr/motd",)
    assert FileCheck.parse("/etc/motd", {"mode": "0644"}).wanted(FILES) == ()
    assert FileCheck.parse("/no", {"contains": "x"}).wanted(FILES) == ()


def test_a_pattern_is_one_or_a_list() -> None:
    one = FileCheck.parse("/x", {"contains": "a"})
    assert one == FileCheck.parse("/x", {"contains": ["a"]})
    assert one.contains == (Pattern.parse("", "a"),)
