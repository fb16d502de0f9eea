from typing import Sequence

import pytest

from lading.debs.package_list import PackageList
from lading.values.errors import LadingError


def test_packages_are_named_and_left_out() -> None:
    parsed = PackageList.parse(["nginx-light", "!perl", "g++"])
    assert parsed == PackageList(("nginx-light", "g++"), frozenset({"perl"}))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["Nginx"],
            "`debian_packages` has 'Nginx'. Write the name of a Debian package, such as "
            "'nginx-light', or, to leave one out, '!perl'.",
        ),
        (
            ["!"],
            "`debian_packages` has '!'. Write the name of a Debian package, such as "
            "'nginx-light', or, to leave one out, '!perl'.",
        ),
        (
            ["perl", "!perl"],
            "`debian_packages` has both 'perl' and '!perl'. Remove one of them.",
        ),
    ],
)
def test_what_can_t_be_meant_is_refused(names: Sequence[str], sentence: str) -> None:
    with pytest.raises(LadingError) as caught:
        PackageList.parse(names)
    assert str(caught.value) == sentence
