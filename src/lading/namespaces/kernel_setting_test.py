import os
from dataclasses import replace

import pytest

from lading.namespaces.kernel_setting import NAMESPACE_SETTINGS, KernelSetting


def test_settings_that_bind_ordinary_users_are_not_blamed_for_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for setting in NAMESPACE_SETTINGS:
        assert not setting.forbids()
    here = KernelSetting("kernel.ostype", "Linux", "x")
    for user, forbids in ((0, False), (1000, True)):
        monkeypatch.setattr(os, "getuid", lambda user=user: user)
        assert here.forbids() is forbids
        assert replace(here, binds_root=True).forbids()
        assert not replace(here, value="Hurd").forbids()
