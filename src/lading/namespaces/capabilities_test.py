import os
from pathlib import Path

import pytest

from lading.namespaces.capabilities import missing_capabilities


@pytest.mark.parametrize("capabilities", ["-1", "-2", "0"])
def test_capabilities_that_are_missing_are_named(
    capabilities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """-1 stands for all, -2 for all but CAP_CHOWN."""
    text = f"Name:\tx\nCapEff:\t{int(capabilities) & (1 << 41) - 1:016x}\n"
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: text)
    missing = missing_capabilities()
    assert missing[:1] == {"-1": (), "-2": ("CAP_CHOWN",), "0": ("CAP_CHOWN",)}[capabilities]
    assert len(missing) == {"-1": 0, "-2": 1, "0": 9}[capabilities]


def test_root_has_what_a_chroot_needs() -> None:
    assert (missing_capabilities() == ()) == (os.geteuid() == 0)
