"""Errors, help and pages are read by people in a hurry: phrases that need a second reading are
found here.

The texts are all string literals of the library and the plugin, except for those of tests, and the
paragraphs of all pages, except for code.
"""

import ast
import re
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

REPOSITORY = Path(__file__).parents[1]

#: (what nobody would say, what to write).
PHRASES = [
    (r"\bwho (builds|finds|publishes|reads|wants)\b", "whoever builds, a program that ..."),
    (r"\b(is|are|was|were|be|as) told\b|\btells\b", "reports, says, lists"),
    (r"\banew\b", "rebuilt, rewritten, again"),
    (r"\bmend(s|ed|ing)?\b", "fix"),
    (r"\bof (ours|theirs)\b|\bthat of [A-Z]\w+'s\b", "our, Debian's"),
    (r"\b(has|have|had) not (the|a|an|its|any|that)\b", "is missing, does not have"),
    (r"\bwhich there (is not|must be)\b", "unknown key, missing required key"),
    (r"\bhas no like\b", "has no equivalent"),
    (r"\b(which|that) (is|are) no(ne)?\b(?! longer)", "which is not a, invalid"),
    (r"\bfor who\b|\bby who\b|\bless by\b", "whoever; what it saves"),
    (r"\bof which nothing may\b", "lists that must match exactly"),
    (r"\bchosen by itself\b|\bset by itself\b", "assigned automatically, by default"),
    (r"\bmade to fill disks\b", "expands to more than N bytes"),
    (r"\b(is|was|are|were) ended\b", "stopped"),
    (r"\bstands? (twice|behind|in front)\b", "is there twice, comes after, comes before"),
    (r"\bin a circle\b", "cycle"),
    (r"\bpassed on\b", "redistributed"),
    (r"\bshall\b", "will, must, should"),
    (r"\bif you like\b", "optionally"),
    (r"\bbehind (a|an|its|the|them|it) (name|colon|word|path|host)\b", "after"),
    (r"\bleads? to no place\b", "leads nowhere"),
    (r"\bout of order\b", "broken, not available"),
]


def _literals(source: str) -> Iterator[Tuple[int, str]]:
    """(line, text) of each string that is not a docstring; {} stands for what an f-string fills in.

    What is glued together in the source is one text.
    """
    tree = ast.parse(source)
    prose = {id(statement.value) for statement in ast.walk(tree) if isinstance(statement, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in prose:
            yield node.lineno, str(node.value)


def _paragraphs(page: str) -> List[str]:
    """The paragraphs and rows of tables of a page, without code."""
    page = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    page = re.sub(r"^    .*$|`[^`]*`", "", page, flags=re.MULTILINE)
    return [" ".join(text.split()) for text in re.split(r"\n\s*\n|\n(?=\|)", page)]


@pytest.fixture(scope="module")
def texts() -> List[Tuple[str, str]]:
    """(where it is, the text) of all."""
    found = []
    for directory in ("src/lading", "pants-plugins/lading_pants"):
        for path in sorted((REPOSITORY / directory).rglob("*.py")):
            if not path.name.endswith(("_test.py", "_testing.py")):
                for line, text in _literals(path.read_text(encoding="utf-8")):
                    place = f"{path.relative_to(REPOSITORY)}:{line}"
                    found.append((place, " ".join(text.split())))
    for page in sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")]):
        name = str(page.relative_to(REPOSITORY))
        found += [(name, text) for text in _paragraphs(page.read_text(encoding="utf-8"))]
    return found


@pytest.mark.parametrize(("phrase", "better"), PHRASES, ids=[phrase for phrase, _ in PHRASES])
def test_errors_help_and_pages_are_plain_english(
    texts: List[Tuple[str, str]], phrase: str, better: str
) -> None:
    found = [f"{place}: {text}" for place, text in texts if re.search(phrase, text)]
    assert not found, f"Write {better}: " + "\n".join(found)


def test_literals_are_those_of_errors_and_help_and_not_docstrings() -> None:
    source = '"""x"""\nhelp = ("a "\n  "b")\nraise X(f"c {d} " "e")\ndef f():\n    """y"""\n'
    assert set(_literals(source)) == {(2, "a b"), (4, "c "), (4, " e"), (4, "c {} e")}


def test_paragraphs_of_a_page_are_those_without_code() -> None:
    page = "a\nb `told`\n\n```sh\ntold\n```\n\n    told\n\n| c |\n| d |\n"
    assert [text for text in _paragraphs(page) if text] == ["a b", "| c |", "| d |"]
