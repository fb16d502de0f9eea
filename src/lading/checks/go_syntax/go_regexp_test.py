import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.checks.go_syntax.go_regexp import from_go

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
    # Unicode's simple case folding, in both directions.
    ("(?i)\u00e9", "\u00c9", True),
    ("(?i)\u0434\u0430", "\u0414\u0410", True),
    ("(?i)k", "\u212a", True),
    ("(?i)\u212a", "k", True),
    ("(?i)s", "\u017f", True),
    ("(?i)\u03c3", "\u03c2", True),
    ("(?i)\u00df", "\u1e9e", True),
    ("(?i)\u00df", "ss", False),
    ("(?i)i", "\u0131", False),
    ("(?i)i", "\u0130", False),
    ("(?i)\u0130", "i", False),
    ("k", "\u212a", False),
    ("(?i)[a-z\u00e0-\u00ff]+$", "\u00c9\u00c8A\u017f", True),
    ("(?i)[^k]", "\u212a", False),
    ("(?i)[^k]", "x", True),
    (r"(?i)\w", "\u017f", True),
    (r"(?i)\W", "\u017f", False),
    (r"(?i)[\W]", "\u017f", False),
    (r"(?i)[[:lower:]]", "K", True),
    (r"(?i)\x{e9}", "\u00c9", True),
    ("(?i)\\Q\u00e9.\\E", "\u00c9.", True),
    ("(?i:\u00e9)\u00e9", "\u00c9\u00c9", False),
    (r"[[:^alpha:]]", "a", False),
    (r"[[:^alpha:][:lower:]]", "a", True),
    ("[a-]", "-", True),
    ("[-a]", "-", True),
    (r"[\d-z]", "y", False),
    (r"[\]-a]", "^", True),
    (r"[^\x00-\x{10FFFF}]", "a", False),
    ("(?U)^(a+)a*?$", "aa", True),
    ("\\Qab\\E*c", "abbc", True),
    (r"\B", "", True),
    (r"^*\b+a\B{2}b$?\z*", "ab", True),
]


@pytest.mark.parametrize("pattern, text, found", CASES)
def test_go_finds_the_same(pattern: str, text: str, found: bool) -> None:
    assert (re.search(from_go(pattern), text, re.ASCII) is not None) == found


@pytest.mark.parametrize(
    "pattern, reason",
    [
        ("(?=a)", "`(?` is followed by something that Go does not know"),
        (r"\pL", r"`\p` has no equivalent in Python"),
        (r"(a)\1", r"`\1` has no equivalent in Python"),
        (r"[\b]", r"`\b` has no equivalent in Python"),
        ("[[:letter:]]", "`[:letter:]` is not a character class"),
        ("[z-a]", "a range in a `[` has no end, or goes backwards"),
        (r"[a-\d]", "a range in a `[` has no end, or goes backwards"),
        ("a{1001}", "`{1001}` is more than 1000 repetitions"),
        ("(?i)[a", "a `[` is not closed"),
        (r"\x{110000}", r"`\x{110000}` is not a character"),
        ("a++", "two repetitions follow each other"),
        ("a**", "two repetitions follow each other"),
        ("a{2}{3}", "two repetitions follow each other"),
        ("(a", "a `(` is not closed"),
        ("a)", "a `)` has no matching `(`"),
        ("[a", "a `[` is not closed"),
        ("a\\", "it ends in a backslash"),
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
