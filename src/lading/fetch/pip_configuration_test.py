import sys
from pathlib import Path
from typing import Iterator

import pytest

from lading.fetch.pip_configuration import PipIndexes, pip_indexes
from lading.values.errors import LadingError


@pytest.fixture(autouse=True)
def own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pip that reads only this configuration file."""
    for name in ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "none"))
    path = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    pip_indexes.cache_clear()
    yield path
    pip_indexes.cache_clear()


def test_configured_indexes_come_in_pips_order(own_configuration: Path) -> None:
    own_configuration.write_text(
        "[global]\n"
        "index-url = https://a.example/simple\n"
        "extra-index-url =\n  https://b.example/simple\n  file:///srv/simple\n"
        "find-links = ~/wheels\n"
    )
    assert pip_indexes() == PipIndexes(
        ("https://a.example/simple", "https://b.example/simple", "file:///srv/simple"),
        (str(own_configuration.parent / "wheels"),),
    )


def test_install_overrides_global_and_the_environment_overrides_both(
    own_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_configuration.write_text(
        "[install]\nindex-url = https://b.example\n[global]\nindex-url = https://a.example\n"
    )
    assert pip_indexes().indexes[0] == "https://b.example"
    pip_indexes.cache_clear()
    monkeypatch.setenv("PIP_INDEX_URL", "https://c.example")
    assert pip_indexes().indexes[0] == "https://c.example"


def test_no_index_leaves_the_links(own_configuration: Path) -> None:
    own_configuration.write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
    assert pip_indexes() == PipIndexes((), ("/srv/wheels",))


def test_without_configuration_pip_knows_its_index(own_configuration: Path) -> None:
    own_configuration.write_text("")
    (index,) = pip_indexes().indexes
    assert index.startswith("https://") and index.endswith("/simple")


def test_an_interpreter_without_pip_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named pip >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(LadingError, match=r"No module named pip.*\[python-repos\].indexes"):
        pip_indexes()
