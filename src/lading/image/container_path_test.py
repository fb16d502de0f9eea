import pytest

from lading.errors import LadingError
from lading.image.container_path import parse_container_path


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
        ("/a\0", "NUL"),
    ],
)
def test_bad_container_paths(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        parse_container_path("volumes", text)
    assert reason in str(error.value) and "`volumes`" in str(error.value)
