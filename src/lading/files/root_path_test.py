import pytest

from lading.files.root_path import check_layer_path, parse_root_path
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "path, reason",
    [
        ("/", "which Lading sets in every image"),
        ("/store", "which Lading sets in every image"),
        ("/store/x", "which Lading sets in every image"),
        ("/dev", "runtimes mount their own /dev"),
        ("/dev/null", "runtimes mount their own /dev"),
        ("/proc/x", "runtimes mount their own /proc"),
        ("/sys/fs/x", "runtimes mount their own /sys"),
        ("/.wh.f", "begins with '.wh.' deletes files"),
        ("/a/.wh..wh..opq", "begins with '.wh.' deletes files"),
        ("/.wh.a/b", "begins with '.wh.' deletes files"),
        ("/a\n", "can't be in a path"),
    ],
)
def test_where_nothing_can_be_put(path: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        parse_root_path("files", path)
    assert reason in str(error.value) and "`files`" in str(error.value)


def test_directories_may_be_what_runtimes_mount_over() -> None:
    assert parse_root_path("directories", "/proc", is_directory=True) == "proc"
    with pytest.raises(LadingError, match="mount their own /proc"):
        parse_root_path("directories", "/proc/x", is_directory=True)


@pytest.mark.parametrize("path", ["/a.wh.b", "/devices/x", "/storehouse", "/process"])
def test_names_that_only_look_like_those(path: str) -> None:
    assert parse_root_path("files", path) == path[1:]


@pytest.mark.parametrize("path", ["/a/.wh.b", "/" + "a" * 256])
def test_names_of_a_tree_that_no_layer_can_have(path: str) -> None:
    with pytest.raises(LadingError, match="`files` has "):
        check_layer_path("files", path)
    check_layer_path("files", "/a\nb")  # Layers may have such paths, and archives do.
