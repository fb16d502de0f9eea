import pytest

from lading.values.errors import LadingError
from lading.values.path import StorePath, check_store_name

HASH = "0123456789abcdfghijklmnpqrsvwxyz"


def test_a_path_is_read_as_it_is_written() -> None:
    path = StorePath.parse(f"/store/{HASH}-redis-7.0.15")
    assert path == StorePath(HASH, "redis-7.0.15")
    assert str(path) == f"/store/{HASH}-redis-7.0.15"
    assert path.base == f"{HASH}-redis-7.0.15"


@pytest.mark.parametrize(
    "text, reason",
    [
        (f"/nix/store/{HASH}-a", "another store"),
        (f"/store/{HASH}", "no name"),
        (f"/store/{HASH[:-1]}-a", "a short hash"),
        (f"/store/{HASH[:-1]}e-a", "a letter that Nix's base-32 lacks"),
        (f"/store/{HASH}-a/bin", "a path below a store path"),
        (f"/store/{HASH}-.a", "a hidden name"),
        ("", "nothing"),
    ],
    ids=lambda value: value if " " in value else "",
)
def test_bad_paths_are_refused(text: str, reason: str) -> None:
    with pytest.raises(LadingError):
        StorePath.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "ü", ".a", "a/b", "a" * 212, "a\n"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(LadingError, match="can't be the name of a store path"):
        check_store_name(name)
