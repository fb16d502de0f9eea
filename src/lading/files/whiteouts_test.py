import pytest

from lading.files.whiteouts import OPAQUE, hidden, is_opaque, whiteout


@pytest.mark.parametrize("path, member", [("a", ".wh.a"), ("etc/x/y", "etc/x/.wh.y")])
def test_a_whiteout_names_what_it_hides(path: str, member: str) -> None:
    assert whiteout(path) == member
    assert hidden(member) == path


@pytest.mark.parametrize("path", ["a", "etc/wh.x", "etc/.whx", ".wh.d/x"])
def test_other_names_hide_nothing(path: str) -> None:
    assert hidden(path) is None


def test_ggcr_2372_opaque_is_told_from_a_whiteout() -> None:
    assert is_opaque(OPAQUE) and is_opaque(f"etc/{OPAQUE}")
    assert not is_opaque("etc/.wh.x") and not is_opaque(f"{OPAQUE}/x")
