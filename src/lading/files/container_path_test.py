import pytest

from lading.files.container_path import parse_container_path, parse_volume
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "text, reason",
    [
        ("data", "Write `/data`"),
        ("./data", "Write `/data`"),
        ("", "not absolute"),
        ("/data/", "shortest form, '/data'"),
        ("//data", "shortest form, '/data'"),
        ("/a/./b", "shortest form, '/a/b'"),
        ("/a/../b", "`..` is not allowed. Write '/b'"),
        ("/a\0", "'\\x00' can't be in a path"),
        ("/a\n", "'\\n' can't be in a path"),
        ("/a/\x1b[31m", "'\\x1b' can't be in a path"),
        ("/" + "a" * 256, "a name has 256 bytes"),
        ("/" + "\u00e4" * 128, "a name has 256 bytes"),
        ("/a" * 2048, "has 4096 bytes"),
    ],
)
def test_bad_container_paths(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        parse_container_path("volumes", text)
    assert reason in str(error.value) and "`volumes`" in str(error.value)


@pytest.mark.parametrize(
    "text", ["/", "/a b", "/\u00e4:,", "/" + "a" * 255, "/a" * 2047, "/proc/1"]
)
def test_paths_that_linux_takes(text: str) -> None:
    assert parse_container_path("volumes", text) == text


@pytest.mark.parametrize(
    "text", ["/", "/dev", "/dev/null", "/dev/null/x", "/proc", "/proc/x", "/sys/x"]
)
def test_places_where_docker_and_podman_mount_no_volume(text: str) -> None:
    with pytest.raises(LadingError, match="where no runtime can mount a volume"):
        parse_volume("volumes", text)


@pytest.mark.parametrize(
    "text", ["/data", "/device", "/dev/shm", "/sys/fs/cgroup", "/run", "/a:ro"]
)
def test_places_where_docker_and_podman_mount_a_volume(text: str) -> None:
    assert parse_volume("volumes", text) == text
