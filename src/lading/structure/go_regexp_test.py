import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.structure.go_regexp import from_go

#: Pattern, text, whether Go finds it (regexp/syntax; tried with container-structure-test).
CASES = [
    ("b+", "abbc", True),
    ("^b", "a\nb", False),
    ("(?m)^b$", "a\nb\nc", True),
    ("a$", "a\n", False),
    (r"a\n$", "a\n", True),
    (r"a\z", "a", True),
    ("a.b", "a\nb", False),
    ("(?s)a.b", "a\nb", True),
    ("(?s:a.)b|c.d", "c\nd", False),
    ("(?i)ABC", "abc", True),
    ("a(?i)b|C", "aB", True),
    ("a(?i)b|C", "c", True),
    ("a(?i)b|C", "AB", False),
    ("(a(?i)b)c", "aBc", True),
    ("(a(?i)b)c", "aBC", False),
    ("(?i)a(?-i)b", "Ab", True),
    ("(?i)a(?-i)b", "aB", False),
    ("(?i:a)b", "Ab", True),
    ("(?i:a)b", "AB", False),
    ("(?i)(?-i:a)b", "aB", True),
    ("(?i)(?-i:a)b", "AB", False),
    (r"\Qa.b\E.c", "a.bxc", True),
    (r"\Qa.b", "axb", False),
    (r"\101\x42\x{43}", "ABC", True),
    (r"\x{1F600}", "\U0001f600", True),
    ("[[:digit:]]+[^[:space:]]", "12a", True),
    ("[[:punct:]]", "[", True),
    ("[]a]", "]", True),
    ("[^]a]", "]", False),
    ("[a&&b]", "&", True),
    ("[[]x", "[x", True),
    (r"[\d.]+$", "1.2", True),
    ("a{2}", "aa", True),
    ("a{,2}", "a{,2}", True),
    ("{", "{", True),
    ("(?P<n>a)(?<m>b)", "ab", True),
    (r"\w", "é", False),
    (r"\s", "\v", False),
    (r"[\sx]", "\v", False),
    (r"[\sx]", "\f", True),
    (r"\S", "\v", True),
    (r"[^\S]", "\v", False),
    (r"[^\S]", " ", True),
    ("x*?y", "xxy", True),
    ("", "", True),
]


@pytest.mark.parametrize("pattern, text, found", CASES)
def test_go_finds_the_same(pattern: str, text: str, found: bool) -> None:
    assert (re.search(from_go(pattern), text, re.ASCII) is not None) == found


@pytest.mark.parametrize(
    "pattern, reason",
    [
        ("(?=a)", "`(?` is followed by what Go does not know"),
        ("(?U)a", "the flag `U` has no like in Python"),
        (r"\pL", r"`\p` has no like in Python"),
        (r"(a)\1", r"`\1` has no like in Python"),
        (r"[\b]", r"`\b` has no like in Python"),
        (r"[[:^alpha:]]", "`[:^alpha:]` has no like in Python"),
        (r"\x{110000}", r"`\x{110000}` is no character"),
        ("a++", "two repetitions follow each other"),
        ("a**", "two repetitions follow each other"),
        ("a{2}{3}", "two repetitions follow each other"),
        ("(a", "a `(` is not closed"),
        ("a)", "a `)` closes nothing"),
        ("[a", "a `[` is not closed"),
        ("a\\", "a backslash ends it"),
    ],
)
def test_what_go_refuses_or_python_has_not(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        from_go(pattern)
    assert str(raised.value) == reason


@given(st.text())
def test_a_quoted_text_is_found(text: str) -> None:
    if "\\E" not in text:
        assert re.fullmatch(from_go(f"\\Q{text}\\E"), text, re.ASCII)


@given(st.text("ab()[]|*+?{}^$.\\:-imsPQE1<>xz", max_size=12))
def test_any_text_is_translated_or_refused(text: str) -> None:
    try:
        translated = from_go(text)
    except ValueError:
        return
    with suppress(re.error):  # for what both refuse, such as `*a`
        re.compile(translated, re.ASCII)
