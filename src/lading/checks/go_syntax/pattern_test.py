import signal
from typing import Callable

import pytest

from lading.checks.go_syntax import pattern
from lading.checks.go_syntax.pattern import Pattern
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json


def test_lines_begin_and_end_where_people_see_them() -> None:
    assert Pattern.parse("`x` has", "^b$").matches("a\nb\nc\n")
    assert not Pattern.parse_go("f:", "^b$").matches("a\nb\nc\n")


def test_json_gives_it_back() -> None:
    for one in (Pattern.parse("x", "^a"), Pattern.parse_go("x", "a$")):
        assert from_json(Pattern, to_json(one)) == one


def test_what_is_no_string() -> None:
    with pytest.raises(LadingError) as raised:
        Pattern.parse("`commands` has", 5)
    assert str(raised.value) == (
        "`commands` has the pattern 5, which is not a string. Write a regular expression."
    )


def test_what_is_no_regular_expression() -> None:
    with pytest.raises(LadingError) as raised:
        Pattern.parse("`commands` has", "(a")
    assert str(raised.value) == (
        "`commands` has the pattern '(a', which is not a regular expression (missing ), "
        "unterminated subpattern at position 0). Write one of Python's, with a backslash before "
        "special characters that stand for themselves."
    )


@pytest.mark.parametrize("parse", [Pattern.parse, Pattern.parse_go])
def test_a_pattern_that_tries_for_ever_is_given_up(
    parse: Callable[[str, str], Pattern], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pattern, "TIME_LIMIT", 0.2)
    with pytest.raises(LadingError) as raised:
        parse("`commands` has", "(a|aa)+$").matches("a" * 100 + "b")
    assert str(raised.value) == (
        "the pattern '(a|aa)+$' took more than 0.2 seconds on a text of 101 characters. Don't "
        "repeat what is itself repeated or optional, as in `(a+)+`."
    )
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.parametrize("text", ["(?=a)", "*"])
def test_what_go_has_not(text: str) -> None:
    with pytest.raises(LadingError) as raised:
        Pattern.parse_go("t.yaml: args has", text)
    assert str(raised.value).startswith(
        f"t.yaml: args has the pattern {text!r}, which Lading can't read as a Go regular "
        "expression: "
    )
