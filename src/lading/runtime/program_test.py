from pathlib import Path
from typing import List

import pytest

from lading.runtime.program import USER_ERROR, error_sentence, run
from lading.values.errors import LadingError


def fail(arguments: List[str]) -> None:
    raise LadingError(f"`{arguments[0]}` is wrong: fix it.\n  Its log ends here.")


def test_a_program_gets_its_arguments_and_ends_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: List[str] = []
    monkeypatch.setattr("sys.argv", ["program", "a", "b"])
    run(seen.extend)
    assert seen == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_the_users_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["program", "script"])
    with pytest.raises(SystemExit) as ended:
        run(fail)
    assert ended.value.code == USER_ERROR == 65
    stderr = capsys.readouterr().err
    assert stderr == "lading: error: `script` is wrong: fix it.\n  Its log ends here.\n"
    assert error_sentence(stderr) == "`script` is wrong: fix it.\n  Its log ends here."


def test_nixpkgs_377363_a_full_disk_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(arguments: List[str]) -> None:
        with open("/dev/full", "w", encoding="ascii") as file:
            file.write("x")

    with pytest.raises(SystemExit) as ended:
        run(write)
    assert ended.value.code == USER_ERROR
    stderr = capsys.readouterr().err
    assert "error: there is no room left on a disk ([Errno 28] No space left on device)" in stderr


def test_a_cache_that_was_moved_away_is_there_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pants' daemon creates it once, and then only links to it."""

    def use(arguments: List[str]) -> None:
        Path(".lading/cache/logs").mkdir(parents=True, exist_ok=True)

    monkeypatch.chdir(tmp_path)
    Path(".lading").mkdir()
    Path(".lading/cache").symlink_to(tmp_path / "named_caches" / "lading")
    run(use)
    assert (tmp_path / "named_caches" / "lading" / "logs").is_dir()


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    def broken(arguments: List[str]) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        run(broken)


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("warning: x\nlading: error: A.\n", "A."),
        ("Traceback\nKeyError: 'x'\n", "Traceback\nKeyError: 'x'"),
        ("", ""),
    ],
)
def test_the_sentence_is_what_follows_the_mark(stderr: str, sentence: str) -> None:
    assert error_sentence(stderr) == sentence


def test_a_log_with_the_mark_in_it_is_not_taken_for_the_sentence() -> None:
    """A script may build Lading itself, so its log may contain the mark."""
    sentence = "`script` failed (status 1); its last lines:\n  lading: error: inner\n  make: ***"
    assert error_sentence(f"noise\nlading: error: {sentence}\n") == sentence
