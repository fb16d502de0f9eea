"""The numbers of users that images name."""

from pathlib import Path
from typing import Callable

import pytest

from lading.image.programs.user_main import main
from lading.image.root.account_files import AccountFiles
from lading.image.root.image_tree import ImageTree
from lading.values.errors import LadingError


@pytest.fixture
def look_up(tmp_path: Path) -> Callable[[str], str]:
    tree, output = tmp_path / "tree.json", tmp_path / "user"
    tree.write_text(ImageTree({}, AccountFiles("redis:x:999:998::/:\n")).to_json())

    def look(user: str) -> str:
        main([str(tree), user, str(output)])
        return output.read_text()

    return look


def test_statsd_exporter_406_a_named_user_becomes_numbers(look_up: Callable[[str], str]) -> None:
    assert look_up("redis") == "999:998"


def test_nixpkgs_pr_105685_an_unknown_user_leaves_nothing_behind(
    look_up: Callable[[str], str], tmp_path: Path
) -> None:
    with pytest.raises(LadingError, match="'web' is not in the image's /etc/passwd"):
        look_up("web")
    assert not (tmp_path / "user").exists()
