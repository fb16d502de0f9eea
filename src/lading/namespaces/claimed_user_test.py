import os
import subprocess
import time

import pytest

from lading.namespaces import claimed_user as claimed_user_module
from lading.namespaces.claimed_user import claimed_user, kill_processes
from lading.values.errors import LadingError


def test_builds_at_once_have_different_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claimed_user_module, "_IDS", range(1_950_000_000, 1_950_000_004))
    with claimed_user() as first:
        with claimed_user() as second:
            # The next id is that of whoever ends the processes of a user.
            assert {first.id, second.id} == {1_950_000_000, 1_950_000_002}
        with claimed_user() as third:
            assert third.id == second.id


def test_a_user_is_claimed_as_long_as_a_process_has_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claimed_user_module, "_IDS", range(1_951_000_000, 1_951_000_004))
    with claimed_user() as user:
        process = subprocess.Popen(
            ["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, pass_fds=[user.lock]
        )
    for _ in range(9):
        with claimed_user() as other:
            assert other.id != user.id
    process.communicate(b"\n")
    found = set()
    for _ in range(99):
        with claimed_user() as other:
            found.add(other.id)
    assert user.id in found


@pytest.mark.parametrize("count", [65_536, 1_000])
def test_a_container_with_few_ids_has_none_for_builds(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        claimed_user_module, "ids_are_known", lambda first, number: first + number <= count
    )
    with pytest.raises(LadingError, match="user namespace has too few"), claimed_user():
        pass


def test_all_processes_of_a_user_are_killed_and_no_others() -> None:
    with claimed_user() as user, claimed_user() as other:
        if os.geteuid():
            with pytest.raises(ChildProcessError):
                kill_processes(user.id)
            return
        killed, spared = (
            [
                subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 1234.6"], user=one.id)
                for _ in range(3)
            ]
            for one in (user, other)
        )
        time.sleep(0.1)
        kill_processes(user.id)
        assert [process.wait(timeout=60) for process in killed] == [-9] * 3
        assert [process.poll() for process in spared] == [None] * 3
        kill_processes(other.id)
        assert [process.wait(timeout=60) for process in spared] == [-9] * 3
        kill_processes(user.id)
