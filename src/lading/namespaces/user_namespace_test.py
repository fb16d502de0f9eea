import os
from pathlib import Path

import pytest

from lading.namespaces import user_namespace
from lading.namespaces.namespace_testing import as_root
from lading.namespaces.subordinate_ids import user_name
from lading.namespaces.user_namespace import UserNamespace
from lading.values.errors import LadingError


def test_the_task_is_root_with_every_id_an_image_needs(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    def work() -> "tuple[int, int, int]":
        os.chown(file, 65534, 65534)
        owner = file.stat().st_uid
        file.unlink()
        return os.getuid(), os.getgid(), owner

    assert as_root(work) == (0, 0, 65534)


def test_namespaces_nest() -> None:
    assert as_root(lambda: as_root(os.getuid)) == 0


def test_a_sentence_of_the_task_comes_back() -> None:
    def fail() -> int:
        raise LadingError("Do this.")

    with pytest.raises(LadingError, match=r"^Do this\.$"):
        UserNamespace.of_this_user().run(fail)


def test_nixpkgs_417132_a_setting_that_forbids_namespaces_is_named() -> None:
    def work() -> str:
        # The limit of this namespace only; the machine keeps its own.
        Path("/proc/sys/user/max_user_namespaces").write_text("0", encoding="ascii")
        with pytest.raises(LadingError) as raised:
            UserNamespace.of_this_user().run(lambda: 0)
        return str(raised.value)

    assert as_root(work) == (
        "commands can't be run in an image ([Errno 28] No space left on device: "
        "'unshare'), since user.max_user_namespaces is 0: run `sysctl -w "
        "user.max_user_namespaces=15000` as root."
    )


def test_another_refusal_tells_what_containers_need() -> None:
    error = user_namespace.refusal(PermissionError(1, "Operation not permitted", "mount"))
    assert "(docker: `--security-opt seccomp=unconfined --security-opt systempaths" in str(error)


def test_nixpkgs_429601_a_missing_uidmap_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(user_namespace, "_DIRECTORIES", str(tmp_path))
    with pytest.raises(LadingError, match="need newuidmap, .* install the package uidmap"):
        UserNamespace.of_this_user()


def test_too_few_subordinate_ids_are_told(tmp_path: Path) -> None:
    file = tmp_path / "subuid"
    file.write_text(f"{user_name()}:100000:1000\n{user_name()}:200000:10\n")
    with pytest.raises(LadingError, match=r"subuid has 1010 ids for .*, and images need 65534:"):
        user_namespace._subordinate(file)


def test_ranges_are_mapped_one_behind_the_other(tmp_path: Path) -> None:
    file = tmp_path / "subuid"
    file.write_text(f"{user_name()}:100000:1000\n{user_name()}:200000:64534\n")
    assert user_namespace._subordinate(file) == ((1, 100000, 1000), (1001, 200000, 64534))


def test_what_newuidmap_refuses_is_told() -> None:
    with pytest.raises(LadingError, match=r"since newuidmap failed \(newuidmap: .*\): it must be"):
        user_namespace._map_as_user("newuidmap", os.getpid(), ((0, 0, 1),))
