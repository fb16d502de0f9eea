from typing import Dict

import pytest

from lading.debs.alternatives import ALTERNATIVES, settle
from lading.values.errors import LadingError

PROGRAMS = {"usr/bin/gcc", "usr/bin/gawk", "usr/bin/mawk", "usr/bin/clang", "opt/bin/tool"}


def exists(path: str) -> bool:
    return path in PROGRAMS


def test_the_table_gives_what_is_installed_by_priority() -> None:
    assert settle({}, exists) == {
        "usr/bin/awk": "usr/bin/gawk",
        "usr/bin/cc": "usr/bin/gcc",
        "usr/bin/nawk": "usr/bin/gawk",
    }


def test_the_target_wins_over_the_table() -> None:
    links = settle({"cc": "clang", "/opt/tool": "/opt/bin/tool"}, exists)
    assert links["usr/bin/cc"] == "usr/bin/clang"
    assert links["opt/tool"] == "opt/bin/tool"


def test_the_table_leaves_what_a_package_ships() -> None:
    assert "usr/bin/cc" not in settle({}, lambda path: exists(path) or path == "usr/bin/cc")


@pytest.mark.parametrize(
    "wanted, sentence",
    [
        ({"cc": "tcc"}, "maps 'cc' to 'tcc', but no package has /usr/bin/tcc. Add the package"),
        ({"cc": "/usr/bin/tcc"}, "but no package has /usr/bin/tcc"),
        ({"usr/bin/cc": "gcc"}, "has 'usr/bin/cc'. Write the name of a program"),
        ({"/usr/../cc": "gcc"}, "has '/usr/../cc'. Write"),
        ({"": "gcc"}, "has ''. Write"),
    ],
)
def test_refuses(wanted: Dict[str, str], sentence: str) -> None:
    with pytest.raises(LadingError, match=sentence):
        settle(wanted, exists)


def test_the_table_is_sorted() -> None:
    assert list(ALTERNATIVES) == sorted(ALTERNATIVES)
