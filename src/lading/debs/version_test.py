import re
import subprocess
from typing import Any, Callable, Tuple

import pytest
from debian.debian_support import NativeVersion
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lading.debs.version import compare_versions, version_key

#: deb-version(7)
VALID = re.compile(r"([0-9]+:)?[0-9][0-9A-Za-z.+~-]*?(-[0-9A-Za-z.+~]+)?(?<!-)")
#: The parts of versions.
PIECES = st.sampled_from(["0", "00", "1", "10", "09", "a", "Z", "~", "~~", "+", ".", "-", "rc", ""])

#: Many compare like nothing, or before it; mistakes in comparing are most likely here.
ENDS = st.sampled_from(
    ["", "0", "00", "1", "a", "~", "0~", "0~a", "+", ".", "-0", "-00", "-0~", "-0~a", "-1", "-~"]
)


@st.composite
def versions(draw: Callable[[Any], Any]) -> str:
    epoch = draw(st.sampled_from(["", "0:", "1:", "12:"]))
    upstream = "".join(draw(st.lists(PIECES, max_size=3)))
    revision = draw(st.sampled_from(["", "", "-0", "-1~bpo12"]))
    return f"{epoch}{draw(st.sampled_from('019'))}{upstream}{revision}"


@st.composite
def related_versions(draw: Callable[[Any], Any]) -> Tuple[str, str]:
    """Two versions with the same beginning and different ends, often with zeros and tildes."""
    start = draw(versions())
    return start + draw(ENDS), start + draw(ENDS)


def dpkg_says(one: str, operator: str, other: str) -> bool:
    command = ["dpkg", "--compare-versions", one, operator, other]
    return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


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
        ("0~rc1", "0"),
        ("1.2-0~exp1", "1.2"),
        ("1.2-0~exp1", "1.2-0"),
        ("2.6.0-0~bpo12+1", "2.6.0-0"),
        ("1.0-", "1.0-a"),
        ("1~~", "1~"),
        ("1", "1\u00b2"),
    ],
)
def test_the_order_of_versions(smaller: str, bigger: str) -> None:
    assert compare_versions(smaller, bigger) < 0 < compare_versions(bigger, smaller)
    assert sorted([bigger, smaller], key=version_key) == [smaller, bigger]


@pytest.mark.parametrize("other", ["1.0-0", "0:1.0", "1.00", "1.0", "01.0-", "1.0-00"])
def test_versions_that_are_the_same(other: str) -> None:
    assert compare_versions("1.0", other) == 0


@given(related_versions())
def test_related_versions_compare_as_python_debian_does(pair: Tuple[str, str]) -> None:
    one, other = pair
    assume(VALID.fullmatch(one) and VALID.fullmatch(other))
    first, second = NativeVersion(one), NativeVersion(other)
    assert compare_versions(one, other) == (first > second) - (first < second)


def test_related_versions_compare_as_dpkg_does() -> None:
    """dpkg itself, on a sample: one process for each pair would take too long for all."""
    pairs = [
        ("0", "0~rc1"),
        ("1.2", "1.2-0~exp1"),
        ("1.2-0", "1.2-0~exp1"),
        ("0:00", "0"),
        ("1.0~", "1.0~~"),
        ("1.0-0~", "1.0"),
        ("1a0", "1a"),
        ("1a0~", "1a"),
        ("1.", "1.0"),
        ("1.~", "1.0"),
        ("1:0", "0:9"),
        ("1:1:1", "0:2"),
        ("9+", "9a"),
        ("10-1-0", "10-1"),
        ("1-1", "1-1+b1"),
    ]
    for one, other in pairs:
        order = compare_versions(one, other)
        said = (dpkg_says(one, "gt", other) > 0) - (dpkg_says(one, "lt", other) > 0)
        assert (order > 0) - (order < 0) == said, (one, other)


@given(st.text(), st.text())
@example("1" * 5000, "1")
@example("a:1", "\u00b2")
def test_whatever_a_base_says_has_its_place(one: str, other: str) -> None:
    assert compare_versions(one, other) == -compare_versions(other, one)
    assert compare_versions(one, one) == 0
