from typing import Any, Dict

import pytest

from lading.checks.command_check import CommandCheck, OutputCheck
from lading.checks.command_result import CommandResult
from lading.checks.go_syntax.pattern import Pattern
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

FULL: Dict[str, Any] = {
    "run": ["sh", "-c", "echo a b"],
    "env": {"B": "2", "A": "1"},
    "user": "redis",
    "working_dir": "/tmp",
    "stdin": "x",
    "exit_code": 3,
    "stdout": ["^a", "b$"],
    "stdout_lacks": "c",
    "stderr": "d",
    "stderr_lacks": ["e"],
}


def pattern(text: str) -> Pattern:
    return Pattern.parse("", text)


def test_all_that_a_command_can_say() -> None:
    check = CommandCheck.parse(FULL)
    assert check == CommandCheck(
        name="sh -c 'echo a b'",
        words=("sh", "-c", "echo a b"),
        env=(("A", "1"), ("B", "2")),
        user="redis",
        working_dir="/tmp",
        stdin="x",
        exit_code=3,
        stdout=OutputCheck((pattern("^a"), pattern("b$")), (pattern("c"),)),
        stderr=OutputCheck((pattern("d"),), (pattern("e"),)),
    )
    assert from_json(CommandCheck, to_json(check)) == check


@pytest.mark.parametrize(
    "args, name", [(["a", "b c"], "[entrypoint] a 'b c'"), ([], "[entrypoint]")]
)
def test_arguments_to_the_entrypoint(args: Any, name: str) -> None:
    check = CommandCheck.parse({"args": args})
    assert check == CommandCheck(name=name, words=tuple(args), entrypoint=True)
    assert from_json(CommandCheck, to_json(check)) == check


def test_what_is_right() -> None:
    result = CommandResult(3, "x\na\nb\n", "d", notes=("setup failed",))
    assert CommandCheck.parse(FULL).judge(result).failures == ()


def test_everything_that_is_wrong_is_told_once() -> None:
    outcome = CommandCheck.parse(FULL).judge(CommandResult(1, "abc\n", "e\n" * 30, notes=("N",)))
    shown = "\n".join(["    e"] * 10 + ["    ... 10 lines ..."] + ["    e"] * 10)
    assert outcome.name == "command sh -c 'echo a b'"
    assert outcome.failures == (
        "exit_code: expected 3, actual 1",
        "stdout does not match: b$",
        "stdout matches, but must not: c",
        "stderr does not match: d",
        "stderr matches, but must not: e",
        "its stdout:\n    abc",
        f"its stderr:\n{shown}",
        "N",
    )


def test_what_did_not_run_says_why_and_nothing_else() -> None:
    outcome = CommandCheck.parse(FULL).judge(CommandResult(0, "", "", problem="no sh"))
    assert outcome.failures == ("no sh",)


def test_outputs_cannot_play_with_the_terminal() -> None:
    check = CommandCheck.parse({"run": ["x"], "stdout": "y"})
    outcome = check.judge(CommandResult(0, "\x1b[31mred\r" + "z" * 500, ""))
    assert outcome.failures[1] == ("its stdout:\n    \\x1b[31mred\n    " + "z" * 400 + "...")


def test_variables_of_the_image() -> None:
    check = CommandCheck("x", ("echo", "$A", "${B}"), env=(("B", "$A-b"),), expand=True)
    assert check.expanded({"A": "a"}) == CommandCheck(
        "x", ("echo", "a", "a-b"), env=(("B", "a-b"),)
    )
    assert CommandCheck("x", ("$A",)).expanded({"A": "a"}).words == ("$A",)


@pytest.mark.parametrize(
    "value, sentence",
    [
        ("redis-server", "`commands` has 'redis-server', which is not a dictionary. Write one"),
        ({"cmd": ["x"]}, "`commands` has the unknown key 'cmd'. The keys are run,"),
        ({"stdou": "x"}, "`commands` has the unknown key 'stdou'. Did you mean 'stdou"),
        ({}, "`commands` has {}, which needs either `run`, a program with its arguments, or"),
        ({"run": []}, "`commands` has {'run': []}, which needs either `run`,"),
        ({"run": ["a"], "args": ["b"]}, "which needs either `run`, a program with its arguments,"),
        (
            {"run": "echo 'a b'"},
            "`commands` has the run \"echo 'a b'\", which is not a list of strings. Write "
            '`["echo", "a b"]`.',
        ),
        ({"run": "echo 'a"}, 'Write `["echo \'a"]`.'),
        ({"args": [1]}, "`commands` has the args [1], which is not a list of strings. Write"),
        ({"run": ["a"], "exit_code": "1"}, "`commands` gives `a` the exit_code '1'. Write a num"),
        ({"run": ["a"], "exit_code": True}, "the exit_code True. Write a number from 0 to 255."),
        ({"run": ["a"], "exit_code": 256}, "the exit_code 256. Write a number from 0 to 255."),
        ({"run": ["a"], "env": ["A=1"]}, "`commands` gives `a` the env ['A=1'], which is not a d"),
        ({"run": ["a"], "env": {"A B": "1"}}, "`commands` gives `a` what can't be: `env` has the"),
        ({"run": ["a"], "user": "a b"}, "`commands` gives `a` what can't be: `user` is 'a b'."),
        ({"run": ["a"], "working_dir": "x"}, "what can't be: `working_dir` has 'x', which is not"),
        ({"run": ["a"], "stdin": 1}, "`commands` gives `a` the stdin 1. Write a string."),
        ({"run": ["a"], "stdout": "("}, "`commands` gives `a`, in 'stdout', the pattern '(', whi"),
    ],
)
def test_what_can_not_be(value: Any, sentence: str) -> None:
    with pytest.raises(LadingError) as raised:
        CommandCheck.parse(value)
    assert sentence in str(raised.value)
