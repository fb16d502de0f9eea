from typing import Any

import pytest

from lading.image.root.file_trees import TreeSpec, executable_mode, is_tree, parse_trees
from lading.image.root.owner import Owner
from lading.image.root.root_fields import RootFields
from lading.values.errors import LadingError

SOURCE = {"source": "//a"}


def test_a_slash_at_the_end_tells_directories_from_files() -> None:
    files = {
        "/srv/www/": {**SOURCE, "mode": "0640", "owner": "root:www-data"},
        "/opt/tool/": {"source": "//b", "unpack": True},
        "/etc/motd": "Hello\n",
    }
    assert is_tree("/srv/www/") and not is_tree("/srv/www")
    assert parse_trees(files) == {
        "srv/www": TreeSpec("//a", 0o640, Owner("root", "www-data"), False),
        "opt/tool": TreeSpec("//b", None, Owner("0", "0"), True),
    }
    fields = RootFields.parse({"files": files})
    assert (list(fields.files), list(fields.trees)) == (["etc/motd"], ["opt/tool", "srv/www"])


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            "/a/",
            "text",
            "`files` gives '/a/' the value 'text'. A path that ends in a slash is a directory: "
            'write a dictionary such as `{"source": "//src/site:pages"}`, or leave the slash out.',
        ),
        (
            "/a/",
            {"text": "x"},
            "`files` gives '/a/' the value {'text': 'x'}. A path that ends in a slash is a "
            'directory: write a dictionary such as `{"source": "//src/site:pages"}`, or leave the '
            "slash out.",
        ),
        (
            "/a/",
            {**SOURCE, "text": "x"},
            "`files` gives '/a/' the unknown key 'text'. The keys of directories are source, mode, "
            "owner, unpack.",
        ),
        (
            "/a/",
            {**SOURCE, "mode": 640},
            "`files` gives '/a/' the mode 640. Write a string of octal digits such as \"0644\"; "
            "programs and directories get `x` wherever that has `r`.",
        ),
        (
            "/a/",
            {**SOURCE, "unpack": "yes"},
            "`files` gives '/a/' the value 'yes' for `unpack`. Write True or False.",
        ),
        (
            "/a/",
            {**SOURCE, "owner": "root"},
            "`files` gives '/a/' the owner 'root'. Write a user and a group, by name or by id, "
            "with a colon between: `redis:redis`, `999:999`.",
        ),
        ("/", SOURCE, "`files` has '/', which Lading sets in every image. Choose another path."),
        (
            "/store/",
            SOURCE,
            "`files` has '/store', which Lading sets in every image. Choose another path.",
        ),
        ("a/", SOURCE, "`files` has 'a', which is not absolute. Write `/a`."),
    ],
)
def test_values_that_can_t_be(path: str, value: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as caught:
        RootFields.parse({"files": {path: value}})
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"files": {"/a/": SOURCE, "/a": "text"}},
            "`files` has '/a/', which `files` makes too. Remove one of them.",
        ),
        (
            {"files": {"/a/": SOURCE}, "symlinks": {"/a": "b"}},
            "`files` has '/a/', which `symlinks` makes too. Remove one of them.",
        ),
        (
            {"files": {"/a/b/": SOURCE}, "symlinks": {"/a": "b"}},
            "`directories` has '/a/b', but '/a' is in `symlinks` and so no directory. Write the "
            "path without links, or remove one of them.",
        ),
    ],
)
def test_a_directory_is_where_nothing_else_is(fields: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as caught:
        RootFields.parse(fields)
    assert str(caught.value) == sentence


def test_a_declared_directory_may_be_one_with_files() -> None:
    fields = {"files": {"/a/": SOURCE}, "directories": {"/a": "0700"}}
    assert RootFields.parse(fields).trees


@pytest.mark.parametrize(
    ("plain", "executable"), [(0o644, 0o755), (0o640, 0o750), (0o600, 0o700), (0o444, 0o555)]
)
def test_programs_can_be_executed_by_who_may_read_them(plain: int, executable: int) -> None:
    assert executable_mode(plain) == executable
