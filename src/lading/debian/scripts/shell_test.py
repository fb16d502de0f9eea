import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.debian.scripts.scripts_testing import follow
from lading.debian.scripts.shell import Case, Redirection, ShellSyntaxError, Simple, parse

_PIECES = (
    *("a", "b", " ", "\n", ";", ";;", "&&", "||", "|", "&", "(", ")", "{ ", " }", "$", "$(", "${"),
    *("`", '"', "'", "\\", "#", "<", ">", "<<E\n", "E\n", ">>", "if ", "then ", "fi ", "else "),
    *("case ", " in ", "esac ", "for ", "do ", "done ", "while ", "! ", "=", "$1", "echo ", "[ "),
    *("f() ", "touch /x", "shift ", "set -- ", "* ", "2>", "1", "exit ", ". /x", "test "),
)
_scripts = st.lists(st.sampled_from(_PIECES), max_size=25).map("".join)


@given(_scripts)
@settings(max_examples=300, deadline=None)
def test_any_text_is_followed_or_reported(script: str) -> None:
    follow(script)


@given(_scripts)
@settings(max_examples=50, deadline=None)
def test_what_a_shell_takes_is_understood(script: str) -> None:
    try:
        parse(script)
    except ShellSyntaxError:
        checked = subprocess.run(["dash", "-n"], input=script.encode(), capture_output=True)
        assert checked.returncode, script


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a 'b c' \"d $(e 'f)' \"g\")\" ${h:-`i j`}k", ("a", "'b c'", '"d $(e \'f)\' "g")"')),
        ("a b\\\nc # d\n", ("a", "bc")),
        ("a b#c \\# d", ("a", "b#c", "\\#", "d")),
    ],
)
def test_words_stay_as_they_are_written(script: str, words: "tuple[str, ...]") -> None:
    (node,) = parse(script)
    assert isinstance(node, Simple)
    assert node.words[: len(words)] == words


def test_here_documents_and_descriptors() -> None:
    (node,) = parse("cat <<-'END' 2>&1 > /x\n\t$(rm /)\n\tEND\n")
    assert node == Simple(
        ("cat",), (Redirection("<<-", "'END'"), Redirection(">&", "1"), Redirection(">", "/x"))
    )


def test_branches_of_a_case() -> None:
    (node,) = parse("case $1 in\n (a|b) c;;\n *) ;;\nesac")
    assert node == Case("$1", ((("a", "b"), (Simple(("c",)),)), (("*",), ())))
