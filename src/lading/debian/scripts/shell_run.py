"""Determines the commands that a shell script would run, without running any.

Variables, loops, functions and conditions are followed as far as the text alone determines them.
Otherwise both branches are followed.
"""

import posixpath
import re
from dataclasses import dataclass, field
from functools import partial
from typing import (
    Callable,
    Dict,
    FrozenSet,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
)

from lading.debian.scripts.shell import (
    AndOr,
    Case,
    For,
    Group,
    If,
    Node,
    Nodes,
    Pipeline,
    Redirection,
    ShellSyntaxError,
    Simple,
    While,
    end_of_expansion,
    parse,
)

# More than any honest script needs. A step is a command, a round of a loop, a pattern of a case, an
# expansion, a passed argument, two words, `_STEP_TEXT` characters that are parsed, or text that
# replaces a variable. The text is that of all words, counted each time that one is followed.
_MAX_STEPS = 20_000
_STEP_WORDS = 2
_STEP_TEXT = 100
_MAX_TEXT = 1_000_000
_MAX_DEPTH = 30

_POSITION = re.compile(r"[0-9]{1,4}")
_PLAIN = re.compile(r"[^\\'\"$`]+")
_PLAIN_QUOTED = re.compile(r"[^\\$`]+")
_FAILURE = re.compile(r"0*[1-9][0-9]*")

_FILE_TESTS = frozenset("-b -c -d -e -f -g -h -k -L -p -r -s -S -u -w -x".split())
_NUMBER = re.compile(r"[0-9]{1,9}")
_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ge": int.__ge__,
    "-gt": int.__gt__,
    "-le": int.__le__,
    "-lt": int.__lt__,
    "-ne": int.__ne__,
}
_DECLARING = frozenset(("declare", "export", "local", "readonly", "typeset"))

# dpkg(1) --compare-versions with "" as a version: it is earlier than any version, except for the
# relations ending in -nl, where it is later.
_WITHOUT_VERSION: Mapping[str, bool] = {
    **dict.fromkeys(("lt", "le", "gt-nl", "ge-nl", "ne", "<", "<<", "<="), True),
    **dict.fromkeys(("gt", "ge", "lt-nl", "le-nl", "eq", ">", ">>", ">=", "="), False),
}


@dataclass(frozen=True)
class Command:
    """An unknown part of a word is left as it is written, such as `$RET`, and then `is_known` is
    false. `is_certain` means that the command would run exactly like this."""

    words: Tuple[str, ...]
    redirections: Tuple[Redirection, ...] = ()
    is_known: bool = True
    is_certain: bool = True

    def __str__(self) -> str:
        written = [" ".join(word.split()) if word else '""' for word in self.words]
        return " ".join([*written, *(f"{one.operator} {one.word}" for one in self.redirections)])


#: Whether a command succeeds; None if that is not known.
Status = Optional[bool]


@dataclass(frozen=True)
class Circumstances:
    """How a script is called: its arguments and variables, and the `architecture`. `perform` is
    called with each command in turn; `test` answers a test of a file such as `-e`, by absolute
    path; `read` returns a file's text, None if it is not known."""

    arguments: Tuple[str, ...]
    variables: Mapping[str, str]
    architecture: str
    perform: Callable[[Command], Status]
    test: Callable[[str, str], Status]
    read: Callable[[str], Optional[str]]


def follow_script(script: str, circumstances: Circumstances) -> None:
    """Raises ShellSyntaxError if the script can't be parsed (before any command), or does too
    much."""
    run = _Run(circumstances)
    try:
        run.nodes(run.parsed(script))
    except (_Exited, _Returned, _LoopLeft):
        pass
    except RecursionError as error:
        raise ShellSyntaxError("it is nested too deep") from error


class _Exited(Exception):
    """`exit`."""


class _Returned(Exception):
    """`return`."""


class _LoopLeft(Exception):
    """`break`, or `continue`."""

    def __init__(self, goes_on: bool) -> None:
        super().__init__()
        self.goes_on = goes_on


_LEAVING: Mapping[str, Callable[[], Exception]] = {
    "exit": _Exited,
    "return": _Returned,
    "break": partial(_LoopLeft, False),
    "continue": partial(_LoopLeft, True),
}


#: The text of a word, and whether all of it is known.
_Word = Tuple[str, bool]


@dataclass
class _Run:
    circumstances: Circumstances
    variables: Dict[str, Optional[str]] = field(default_factory=dict)
    functions: Dict[str, Nodes] = field(default_factory=dict)
    arguments: List[_Word] = field(default_factory=list)
    # How many of the branches that are being followed may not be taken.
    uncertain: int = 0
    # How the script, function or loop may already have been left.
    may_be_left: FrozenSet[Type[Exception]] = frozenset()
    steps: int = 0
    text: int = 0
    depth: int = 0
    # Whether no unknown command may have set variables.
    knows_variables: bool = True
    _printed: Optional[Command] = None

    def __post_init__(self) -> None:
        self.arguments = [(argument, True) for argument in self.circumstances.arguments]
        self.variables.update(self.circumstances.variables)

    def parsed(self, script: str) -> Nodes:
        self._step(len(script) // _STEP_TEXT)
        return parse(script)

    def nodes(self, nodes: Nodes) -> Status:
        status: Status = True
        for node in nodes:
            status = self._node(node)
        return status

    def _node(self, node: Node) -> Status:
        self._step()
        if isinstance(node, Simple):
            return self._simple(node)
        if isinstance(node, Group):
            if node.redirections:
                self._perform([("{...}", True)], self._redirections(node.redirections))
            return self._subshell(node.body) if node.is_subshell else self.nodes(node.body)
        if isinstance(node, AndOr):
            return self._and_or(node)
        if isinstance(node, Pipeline):
            return self._pipeline(node)
        if isinstance(node, If):
            return self._if(node.branches, node.otherwise)
        if isinstance(node, Case):
            return self._case(node)
        if isinstance(node, For):
            return self._for(node)
        if isinstance(node, While):
            return self._while(node)
        self.functions[node.name] = node.body
        return True

    def _step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > _MAX_STEPS:
            raise ShellSyntaxError("it has too many commands")

    def _perhaps(self, *ways: Callable[[], Status]) -> None:
        """Follow several branches, of which at most one is taken."""
        before = dict(self.variables)
        merged: Optional[Dict[str, Optional[str]]] = None
        self.uncertain += 1
        for way in ways:
            self.variables = dict(before)
            way()
            self._step(len(self.variables) // _STEP_TEXT)
            merged = self.variables if merged is None else _common(merged, self.variables)
        self.uncertain -= 1
        self.variables = before if merged is None else merged

    def _subshell(self, body: Nodes) -> Status:
        variables, may_be_left = dict(self.variables), self.may_be_left
        try:
            return self.nodes(body)
        except (_Exited, _Returned, _LoopLeft):
            return None
        finally:
            self.variables, self.may_be_left = variables, may_be_left

    def _and_or(self, node: AndOr) -> Status:
        left = self._node(node.left)
        decisive = node.operator == "||"
        if left is decisive:
            return left
        if left is not None:
            return self._node(node.right)
        right: List[Status] = []
        self._perhaps(lambda: right.append(self._node(node.right)), lambda: None)
        return right[0] if right[0] is decisive else None

    def _pipeline(self, node: Pipeline) -> Status:
        if len(node.commands) == 1:
            status = self._node(node.commands[0])
            return None if status is None else not status
        may_be_left = self.may_be_left
        for command in node.commands:
            self._perhaps(partial(self._node, command), lambda: None)
        self.may_be_left = may_be_left
        return None

    def _if(self, branches: Sequence[Tuple[Nodes, Nodes]], otherwise: Nodes) -> Status:
        if not branches:
            return self.nodes(otherwise)
        (condition, body), *rest = branches
        status = self.nodes(condition)
        if status is not None:
            return self.nodes(body) if status else self._if(rest, otherwise)
        self._perhaps(lambda: self.nodes(body), lambda: self._if(rest, otherwise))
        return None

    def _case(self, node: Case) -> Status:
        text, known = self._text(node.word)
        maybe: List[Nodes] = []
        for patterns, body in node.branches:
            self._step(len(patterns))
            fits = [_fits(text, self._text(one)[0]) if known else None for one in patterns]
            if True in fits and not maybe:
                return self.nodes(body)
            if any(fit is not False for fit in fits):
                maybe.append(body)
        if maybe:
            ways = [partial(self.nodes, body) for body in maybe]
            self._perhaps(*ways, lambda: None)
        return None if maybe else True

    def _for(self, node: For) -> Status:
        words = [field for word in node.words for field in self._fields(word)]
        if all(known and not set("*?[") & set(text) for text, known in words):
            self._loop(lambda: self._rounds(node, [text for text, _ in words]))
            return True
        self._loop(lambda: self._perhaps(lambda: self._round(node), lambda: None))
        return None

    def _loop(self, run: Callable[[], None]) -> None:
        """If a loop may have been left early, it is not known which variables it has changed."""
        before, outer = dict(self.variables), self.may_be_left & {_LoopLeft}
        # A loop around this one may have been left, which is not the same as leaving this one.
        self.may_be_left -= outer
        self.uncertain += len(outer)
        run()
        if _LoopLeft in self.may_be_left:
            changed = [name for name, value in self.variables.items() if value != before.get(name)]
            self.variables.update(dict.fromkeys(changed))
        self.may_be_left = self.may_be_left - {_LoopLeft} | outer
        self.uncertain -= len(outer)

    def _rounds(self, node: For, texts: Sequence[str]) -> None:
        for text in texts:
            self._step()
            self.variables[node.name] = text
            try:
                self.nodes(node.body)
            except _LoopLeft as left:
                if not left.goes_on:
                    break

    def _round(self, node: For) -> Status:
        self.variables[node.name] = None
        return self.nodes(node.body)

    def _while(self, node: While) -> Status:
        self._loop(lambda: self._rounds_while(node))
        return None

    def _rounds_while(self, node: While) -> None:
        """Follow the rounds that are known to run, and one more if it is not known whether the next
        does."""
        before = None
        while before != (self.variables, self.arguments):
            before = dict(self.variables), list(self.arguments)
            status = self.nodes(node.condition)
            if status is None:
                self._perhaps(lambda: self.nodes(node.body), lambda: None)
            if not status:
                return
            try:
                self.nodes(node.body)
            except _LoopLeft as left:
                if not left.goes_on:
                    return
            if _LoopLeft in self.may_be_left:
                return

    def _simple(self, node: Simple) -> Status:
        count = 0
        while count < len(node.words) and self._assign(node.words[count]):
            count += 1
        words = [field for word in node.words[count:] for field in self._fields(word)]
        self._step(len(words) // _STEP_WORDS)
        redirections = self._redirections(node.redirections)
        name = posixpath.basename(words[0][0]) if words else ""
        if name in self.functions:
            self._perform((), redirections)
            return self._call(self.functions[name], words[1:])
        if name in _DECLARING:
            for word in node.words[count + 1 :]:
                self._assign(word)
            return True
        status = self._perform(words, redirections)
        return status if status is not None else self._builtin(name, words)

    def _redirections(self, redirections: Sequence[Redirection]) -> List[Tuple[str, _Word]]:
        return [(one.operator, self._text(one.word)) for one in redirections]

    def _perform(self, words: Sequence[_Word], redirections: Sequence[Tuple[str, _Word]]) -> Status:
        if not words and not redirections:
            return True
        is_known = all(known for _, known in (*words, *(word for _, word in redirections)))
        command = Command(
            tuple(text for text, _ in words),
            tuple(Redirection(operator, text) for operator, (text, _) in redirections),
            is_known,
            is_known and not self.uncertain and not self.may_be_left,
        )
        self._printed = command
        return self.circumstances.perform(command)

    def _assign(self, word: str) -> bool:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier() or not name.isascii():
            return False
        text, known = self._text(value)
        self.variables[name] = text if known else None
        return True

    def _call(self, body: Nodes, arguments: Sequence[_Word]) -> Status:
        if self.depth >= _MAX_DEPTH:
            raise ShellSyntaxError("its functions are nested too deep")
        outer, self.arguments = self.arguments, list(arguments)
        try:
            return self._returning(body)
        finally:
            self.arguments = outer

    def _returning(self, body: Nodes) -> Status:
        self.depth += 1
        outer = self.may_be_left
        try:
            return self.nodes(body)
        except _Returned:
            return None
        finally:
            self.depth -= 1
            if _Returned not in outer:
                self.may_be_left -= {_Returned}

    def _source(self, path: str) -> Status:
        if path.endswith("/debconf/confmodule"):
            return True
        text = self.circumstances.read(path)
        if text is None or self.depth >= _MAX_DEPTH:
            self.knows_variables = False
            return None
        return self._returning(self.parsed(text))

    def _builtin(self, name: str, words: Sequence[_Word]) -> Status:
        texts = [text for text, _ in words]
        if name in ("true", ":"):
            return True
        if name == "false":
            return False
        if name in _LEAVING:
            left = _LEAVING[name]()
            if not self.uncertain and not self.may_be_left:
                raise left
            # Only an installation without failures is followed.
            if name != "exit" or not _FAILURE.fullmatch(" ".join(texts[1:])):
                self.may_be_left |= {type(left)}
        if name in (".", "source") and len(texts) > 1:
            return self._source(texts[1])
        if name in ("test", "["):
            return self._test(words[1:-1] if name == "[" else words[1:])
        if name == "set" and texts[1:2] == ["--"]:
            self.arguments = list(words[2:])
        elif name == "shift":
            del self.arguments[
                : int(texts[1]) if texts[1:] and _POSITION.fullmatch(texts[1]) else 1
            ]
        elif name == "unset":
            self.variables.update(dict.fromkeys(texts[1:], ""))
        elif name in ("read", "getopts"):
            self.variables.update(dict.fromkeys(texts[1:]))
        elif name.startswith("db_"):
            self.variables["RET"] = None
        elif name == "dpkg" and texts[1:2] == ["--compare-versions"] and len(texts) == 5:
            first, relation, _ = texts[2:]
            return _WITHOUT_VERSION.get(relation) if not first else None
        return None

    def _test(self, words: Sequence[_Word]) -> Status:
        texts = [text for text, _ in words]
        for operator, decisive in (("-o", True), ("-a", False)):
            if operator in texts[1:-1]:
                place = texts.index(operator, 1)
                sides = (self._test(words[:place]), self._test(words[place + 1 :]))
                if decisive in sides:
                    return decisive
                return None if None in sides else not decisive
        if texts[:1] == ["!"]:
            status = self._test(words[1:])
            return None if status is None else not status
        if len(words) == 2 and texts[0] in _FILE_TESTS and words[1][1]:
            return self.circumstances.test(texts[0], texts[1])
        if not all(known for _, known in words):
            return None
        if len(words) == 2 and texts[0] in ("-n", "-z"):
            return bool(texts[1]) == (texts[0] == "-n")
        if len(words) == 3 and texts[1] in ("=", "==", "!="):
            return (texts[0] == texts[2]) == (texts[1] != "!=")
        if len(words) == 3 and texts[1] in _COMPARISONS:
            numbers = [int(text) for text in texts[::2] if _NUMBER.fullmatch(text)]
            return _COMPARISONS[texts[1]](*numbers) if len(numbers) == 2 else None
        return bool(texts[0]) if len(words) == 1 else None

    def _text(self, word: str) -> _Word:
        fields = list(self._expanded(word, splits=False))
        return fields[0] if fields else ("", True)

    def _fields(self, word: str) -> List[_Word]:
        if word in ('"$@"', "$@", "$*"):
            self._step(len(self.arguments))
            return list(self.arguments)
        return list(self._expanded(word, splits=True))

    def _expanded(self, word: str, splits: bool) -> Iterator[_Word]:
        self.text += len(word)
        if self.text > _MAX_TEXT:
            raise ShellSyntaxError("it has too much text")
        text, known, is_there = "", True, not splits
        for part, is_known, is_quoted in self._parts(word, False):
            known = known and is_known
            if is_quoted or not is_known or not splits:
                text += part  # alone, it takes no longer for a long text
                is_there = True
                continue
            # Unquoted expansions are split: POSIX, 2.6.5.
            first, *others = part.split() or [""]
            if part[:1].isspace() and is_there:
                yield text, known
                text, is_there = "", False
            text += first
            is_there = is_there or bool(first)
            for other in others:
                yield text, known
                text, is_there = other, True
        if is_there:
            yield text, known

    def _parts(self, word: str, is_quoted: bool) -> Iterator[Tuple[str, bool, bool]]:
        """Text, whether it is known, and whether it stays one field."""
        position = 0
        while position < len(word):
            start = position
            character = word[position]
            if character == "\\":
                position += 2
                escaped = word[start + 1 : position]
                yield (
                    escaped if not is_quoted or escaped in '$`"\\' else f"\\{escaped}"
                ), True, True
            elif character == "'" and not is_quoted:
                position = end_of_expansion(word, position)
                yield word[start + 1 : position - 1], True, True
            elif character == '"' and not is_quoted:
                position = end_of_expansion(word, position)
                yield "", True, True
                yield from self._parts(word[start + 1 : position - 1], True)
            elif character in "$`":
                position = end_of_expansion(word, position)
                value = self._value(word[start:position])
                self._step(1 + len(value or "") // _STEP_TEXT)
                text = self._unknown(word[start:position]) if value is None else value
                yield text, value is not None, is_quoted
            else:
                plain = (_PLAIN_QUOTED if is_quoted else _PLAIN).match(word, position)
                assert plain, "each other character has a branch"
                position = plain.end()
                yield plain.group(), True, True

    def _value(self, expansion: str) -> Optional[str]:
        if expansion == "$":
            return "$"
        if expansion.startswith("$(("):
            return None
        if expansion.startswith("$("):
            return self._substituted(expansion[2:-1])
        if expansion.startswith("`"):
            return self._substituted(expansion[1:-1].replace("\\`", "`").replace("\\$", "$"))
        if expansion.startswith("${"):
            return self._parameter(expansion[2:-1])
        return self._variable(expansion[1:])

    def _parameter(self, text: str) -> Optional[str]:
        length = 0
        while length < len(text) and (text[length].isalnum() or text[length] == "_"):
            length += 1
        value, rest = self._variable(text[:length]), text[length:]
        if not rest or not length:
            return value if length else None
        operator, word = rest[:2] if rest[0] == ":" else rest[0], rest.lstrip(":")[1:]
        if operator not in (":-", "-", ":=", "=", ":+", "+") or value is None:
            return None
        is_used = bool(value) or (":" not in operator and text[:length] in self.variables)
        if operator[-1] == "+":
            is_used = not is_used
            value = ""
        if is_used:
            return value
        other, known = self._text(word)
        return other if known else None

    def _variable(self, name: str) -> Optional[str]:
        if _POSITION.fullmatch(name):
            place = int(name) - 1
            if place < 0:
                return None
            text, known = self.arguments[place] if place < len(self.arguments) else ("", True)
            return text if known else None
        if name in ("@", "*"):
            texts = [text for text, known in self.arguments if known]
            return " ".join(texts) if len(texts) == len(self.arguments) else None
        if name == "#":
            return str(len(self.arguments))
        # Environment variables are in capitals.
        is_unset = name not in self.variables and name.islower() and self.knows_variables
        return "" if is_unset else self.variables.get(name)

    def _unknown(self, expansion: str) -> str:
        """What stands for it in a command: the expansion itself, or, for an argument of a function,
        what the caller wrote."""
        name = expansion.strip("${}")
        if name in ("@", "*"):
            return " ".join(text for text, _ in self.arguments)
        is_argument = _POSITION.fullmatch(name) and 0 < int(name) <= len(self.arguments)
        return self.arguments[int(name) - 1][0] if is_argument else expansion

    def _substituted(self, script: str) -> Optional[str]:
        """The output of commands is not known, but the commands are."""
        nodes = self.parsed(script)
        functions, self._printed, may_be_left = dict(self.functions), None, self.may_be_left
        self._perhaps(lambda: self.nodes(nodes), lambda: None)
        self.functions, self.may_be_left = functions, may_be_left
        if len(nodes) == 1 and isinstance(nodes[0], Simple) and self._printed is not None:
            name, *words = self._printed.words
            if (name, words) == ("dpkg", ["--print-architecture"]):
                return self.circumstances.architecture
            if name == "echo" and not any(set("$`-") & set(word) for word in words):
                return " ".join(words)
        return None


def _common(
    one: Mapping[str, Optional[str]], other: Mapping[str, Optional[str]]
) -> Dict[str, Optional[str]]:
    """The variables after one of two branches; a value is None if it depends on the branch."""
    return {
        name: one.get(name) if one.get(name) == other.get(name) else None
        for name in {**one, **other}
    }


def _fits(text: str, pattern: str) -> Optional[bool]:
    if pattern == "*" or text == pattern:
        return True
    return None if set("*?[$`") & set(pattern) else False
