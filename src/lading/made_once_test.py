from pathlib import Path
from typing import List

import pytest

from lading.at_once_testing import run_at_once
from lading.made_once import made_once, workplace


def make(directory: Path) -> None:
    with workplace(directory) as work:
        (work / "made").mkdir()
        with (directory.parent / "calls").open("a", encoding="ascii") as calls:
            calls.write("x")
        (work / "made").rename(directory)


def names(directory: Path) -> List[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "place"
    assert made_once(place, make) == place
    assert made_once(place, make) == place
    assert (tmp_path / "cache" / "calls").read_text() == "x"
    assert names(tmp_path / "cache") == ["calls", "place", "place.lock"]


def test_of_many_at_once_one_makes_it(tmp_path: Path) -> None:
    run_at_once(made_once, [(tmp_path / "x", make)] * 8)
    assert (tmp_path / "calls").read_text() == "x"


def test_what_a_killed_one_left_is_removed(tmp_path: Path) -> None:
    leftover, other = tmp_path / "place.unfinished.abc", tmp_path / "other.unfinished.abc"
    for directory in (leftover, other):
        (directory / "half").mkdir(parents=True)
    made_once(tmp_path / "place", make)
    assert not leftover.exists()
    assert other.exists(), "another one may be at work there"


def test_after_an_error_nothing_is_left_and_the_next_one_tries_again(tmp_path: Path) -> None:
    def fail(directory: Path) -> None:
        with workplace(directory) as work:
            (work / "half").mkdir()
            raise ValueError

    with pytest.raises(ValueError):
        made_once(tmp_path / "place", fail)
    assert names(tmp_path) == ["place.lock"]
    assert made_once(tmp_path / "place", make).is_dir()
