from pathlib import Path
from typing import List

import pytest

from lading.store.build import log
from lading.store.build.log import failure_sentence, keep_log


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "log"


def failed(place: Path) -> str:
    remedy = "Add `{command}`."
    return failure_sentence("`script` failed", 1, place, keep_log(place, "app"), remedy)


def shown(place: Path, content: bytes) -> str:
    """What an error shows of a log, after the line with its path."""
    place.write_bytes(content)
    sentence = failed(place)
    first, _, rest = sentence.partition("\n")
    assert first.startswith("`script` failed (status 1). ")
    assert first.endswith(
        "log is in " + str(place.parent / ".lading/cache/logs/app.log") + "; its last lines:"
    )
    return rest


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"a\tb\n", ["a       b"]),
        (b"\x1b[1;31merror:\x1b[0m x\n", ["error: x"]),
        # Sequences that affect a terminal: its title, its screen, its input.
        (b"\x1b]0;x\x07\x1b[2J\x1b[5n\n", ["\\x1b]0;x\\x07\\x1b[2J\\x1b[5n"]),
        (b"\xff\x00\n", ["\N{REPLACEMENT CHARACTER}\\x00"]),
        (b"10 %\r20 %\r100 %\r\n", ["100 %"]),
        ("right \u202e left\n".encode(), ["right \\u202e left"]),
    ],
)
def test_lines_are_shown_as_they_can_be_read(place: Path, content: bytes, lines: List[str]) -> None:
    assert shown(place, content).split("\n") == [f"  {line}" for line in lines]


@pytest.mark.parametrize("content", [b"", b"\n", b"\x1b[0m\n"])
def test_an_empty_log_is_called_empty(place: Path, content: bytes) -> None:
    place.write_bytes(content)
    assert failed(place) == "`script` failed (status 1). The log is empty."


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/lading/script.sh: line 1: gcc: command not found", "gcc"),
        ("/bin/sh: 1: g++: not found", "g++"),
        ("make: cc: No such file or directory", "cc"),
        ("make[2]: x86_64-linux-gnu-ar: No such file or directory", "x86_64-linux-gnu-ar"),
        ("make: x: No such file or directory\nmake: *** No rule to make target 'x'.  Stop.", ""),
        ("cp: /src: No such file or directory", ""),
        ("script.sh: line 2: ./gcc: No such file or directory", ""),
        ("configure: error: zlib: not found", ""),
    ],
)
def test_a_missing_command_has_a_remedy(place: Path, line: str, command: str) -> None:
    place.write_text(f"before\n{line}\nmake: *** [all] Error 127\n", encoding="utf-8")
    remedy = f" Add `{command}`." if command else ""
    assert failed(place).startswith(f"`script` failed (status 1).{remedy} The whole log is in ")


def test_of_a_huge_log_little_is_shown(place: Path) -> None:
    assert len(shown(place, b"x" * 10**8)) < 300
    assert len(shown(place, b"x\n" * 10**7).split("\n")) == 30
    assert len(shown(place, (b"x" * 1000 + b"\n") * 1000)) < 30 * 300


def test_a_huge_log_loses_its_middle(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_KEPT_START", 5)
    monkeypatch.setattr(log, "_KEPT_END", 3)
    place.write_bytes(b"begin6789end")
    assert keep_log(place, "app").read_bytes() == b"begin\n[4 bytes are left out here]\nend"
    sentence = failed(place)
    assert " The log is in " in sentence


def test_a_log_of_some_size_is_kept_as_it_is(place: Path) -> None:
    content = bytes(range(256)) * 5000
    place.write_bytes(content)
    assert keep_log(place, "app").read_bytes() == content
