import os
from pathlib import Path
from typing import Tuple

import pytest

from lading.namespaces.subordinate_ids import IdRange, subordinate_ids, user_name


@pytest.mark.parametrize(
    "text, expected",
    [
        ("NAME:100000:65536\n", ((100000, 65536),)),
        ("UID:100000:65536", ((100000, 65536),)),
        ("someone:1:2\nNAME:3:4\nNAME:9:8\n", ((3, 4), (9, 8))),
        ("# comment\n\nNAME:3\nNAME:x:4\nNAME:4:-1\nNAME:3:4:5\n", ()),
        ("", ()),
    ],
)
def test_the_ranges_of_this_user(
    text: str, expected: Tuple[Tuple[int, int], ...], tmp_path: Path
) -> None:
    file = tmp_path / "subuid"
    file.write_text(text.replace("NAME", user_name()).replace("UID", str(os.getuid())))
    assert subordinate_ids(file) == tuple(IdRange(*ids) for ids in expected)


def test_a_missing_file_gives_no_ids(tmp_path: Path) -> None:
    assert subordinate_ids(tmp_path / "subuid") == ()


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert user_name() == "4000000000"
