"""None"""

import pytest

from lading.debian.installation import is_documentation


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/doc/bash/README.gz",
        "usr/share/doc/bash/examples/copyright",
        "usr/share/doc/bash",
        "usr/share/man/man1/bash.1.gz",
        "usr/share/info/bash.info.gz",
        "usr/share/locale/de/LC_MESSAGES/bash.mo",
        "usr/share/lintian/overrides/bash",
    ],
)
def test_documentation(path: str) -> None:
    assert is_documentation(path, is_symlink=False)


@pytest.mark.parametrize(
    "path",
    [
        "usr/share/doc/bash/copyright",
        "usr/share/doc/bash/copyright.gz",
        "usr/share/common-licenses/GPL-3",
        "usr/share/locale/locale.alias",
        "usr/share/man",
        "usr/share/docbook/x",
        "usr/bin/man",
    ],
)
def test_no_documentation(path: str) -> None:
    assert not is_documentation(path, is_symlink=False)


def test_a_package_may_have_the_licence_of_another_one() -> None:
    assert not is_documentation("usr/share/doc/libstdc++6", is_symlink=True)
    assert is_documentation("usr/share/man/man1/x.1.gz", is_symlink=True)
