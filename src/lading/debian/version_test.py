import pytest
from debian.debian_support import NativeVersion
from hypothesis import example, given
from hypothesis import strategies as st

from lading.debian.version import compare_versions

VERSIONS = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    st.from_regex(r"[0-9][0-9a-z.+~]{0,4}", fullmatch=True),
    st.from_regex(r"(-[0-9a-z.+~]{1,3})?", fullmatch=True),
)


@pytest.mark.parametrize(
    "smaller, bigger",
    [
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0+b1"),
        ("1.9", "1.10"),
        ("2:1", "10:0"),
        ("2.36-9+deb12u9", "2.36-9+deb12u10"),
        ("1.0a", "1.0+"),
        ("1-2-1", "1-2-2"),
    ],
)
def test_the_order_of_versions(smaller: str, bigger: str) -> None:
    assert compare_versions(smaller, bigger) < 0 < compare_versions(bigger, smaller)


@pytest.mark.parametrize("other", ["1.0-0", "0:1.0", "1.00", "1.0"])
def test_versions_that_are_the_same(other: str) -> None:
    assert compare_versions("1.0", other) == 0


@given(VERSIONS, VERSIONS)
def test_it_is_python_debian_s(one: str, other: str) -> None:
    first, second = NativeVersion(one), NativeVersion(other)
    assert compare_versions(one, other) == (first > second) - (first < second)


@given(st.text(), st.text())
@example("1" * 5000, "1")
@example("a:1", "\u00b2")
def test_whatever_a_base_says_has_its_place(one: str, other: str) -> None:
    assert compare_versions(one, other) == -compare_versions(other, one)
    assert compare_versions(one, one) == 0
