"""A parser for the shell scripts of Debian packages: POSIX.1-2017, Shell Command Language, 2.10.

Words keep their quotes; `lading.debian.scripts.shell_run` expands them.
"""

from dataclasses import dataclass
from typing import List, Sequence, Tuple, Union

_OPERATORS = ("&&", "||", ";;", "<<-", "<<", ">>", "<&", ">&", "<>", ">|", *"\n;&|()<>")
_REDIRECTIONS = frozenset(("<<-", "<<", ">>", "<&", ">&", "<>", ">|", "<", ">"))
_RESERVED = frozenset("! { } case do done elif else esac fi for if in then until while".split())
_BLANKS = " \t\r"
_END = ""


class ShellSyntaxError(ValueError):
    """The text is not a shell script that this parser understands."""


@dataclass(frozen=True)
class Redirection:
    """`word` is the file, or the end marker of a here-document."""

    operator: str
    word: str


@dataclass(frozen=True)
class Simple:
    """A command with its arguments; `words` begin with assignments, if there are any."""

    words: Tuple[str, ...]
    redirections: Tuple[Redirection, ...] = ()


@dataclass(frozen=True)
class Pipeline:
    commands: Tuple["Node", ...]
    negated: bool


@dataclass(frozen=True)
class AndOr:
    """`operator` is `&&` or `||`."""

    left: "Node"
    operator: str
    right: "Node"


@dataclass(frozen=True)
class If:
    """Conditions, each with the commands to run if it holds, and the commands to run if none
    does."""

    branches: Tuple[Tuple["Nodes", "Nodes"], ...]
    otherwise: "Nodes"


@dataclass(frozen=True)
class For:
    name: str
    words: Tuple[str, ...]
    body: "Nodes"


@dataclass(frozen=True)
class While:
    condition: "Nodes"
    body: "Nodes"


@dataclass(frozen=True)
class Case:
    """Branches: patterns, each with the commands to run for it."""

    word: str
    branches: Tuple[Tuple[Tuple[str, ...], "Nodes"], ...]


@dataclass(frozen=True)
class Group:
    """Commands in braces or parentheses, or a compound command with its own redirections."""

    body: "Nodes"
    redirections: Tuple[Redirection, ...] = ()
    is_subshell: bool = False


@dataclass(frozen=True)
class Function:
    name: str
    body: "Nodes"


Node = Union[Simple, Pipeline, AndOr, If, For, While, Case, Group, Function]
Nodes = Tuple[Node, ...]


def parse(script: str) -> Nodes:
    """Raises ShellSyntaxError if it can't be parsed."""
    try:
        parser = _Parser(_tokens(script))
        nodes = parser.nodes()
        parser.expect(_END)
    except RecursionError as error:
        raise ShellSyntaxError("it is nested too deep") from error
    return nodes


def end_of_expansion(text: str, start: int) -> int:
    """The end of the text at `start` that begins with `$`, a backquote or a quote."""
    first = text[start]
    if first in "'`":
        return _find(text, first, start + 1, escapes=first == "`")
    if first == '"':
        position = start + 1
        while position < len(text) and text[position] != '"':
            position = _next(text, position, quotes="")
        return _closed(text, position)
    following = text[start + 1 : start + 2]
    if following == "(":
        return _matching(text, start + 1, "(", ")")
    if following == "{":
        return _matching(text, start + 1, "{", "}")
    position = start + 1
    if following.isalpha() or following == "_":
        while position < len(text) and (text[position].isalnum() or text[position] == "_"):
            position += 1
        return position
    return position + 1 if following and following in "0123456789@*#?$!-" else position


def _next(text: str, position: int, quotes: str = "'\"") -> int:
    """The position after the character, quoted text or expansion at `position`."""
    if text[position] == "\\":
        return position + 2
    if text[position] in "$`" or text[position] in quotes:
        return end_of_expansion(text, position)
    return position + 1


def _find(text: str, mark: str, position: int, escapes: bool) -> int:
    while position < len(text) and text[position] != mark:
        position += 2 if escapes and text[position] == "\\" else 1
    return _closed(text, position)


def _matching(text: str, position: int, opening: str, closing: str) -> int:
    depth = 0
    while position < len(text):
        if text[position] == opening:
            depth += 1
        elif text[position] == closing:
            depth -= 1
            if not depth:
                return position + 1
        position = _next(text, position)
    return _closed(text, position)


def _closed(text: str, position: int) -> int:
    if position >= len(text):
        raise ShellSyntaxError("a quote or an expansion is not closed")
    return position + 1


@dataclass(frozen=True)
class _Token:
    """An operator, the end, or a word."""

    text: str
    is_word: bool = False


def _tokens(script: str) -> List[_Token]:
    tokens: List[_Token] = []
    here_documents: List[Tuple[str, bool]] = []
    position = 0
    while position < len(script):
        if script[position] in _BLANKS:
            position += 1
        elif script.startswith("\\\n", position):
            position += 2
        elif script[position] == "#":
            position = _line_end(script, position)
        elif operator := _operator(script, position):
            tokens.append(_Token(operator))
            position += len(operator)
            if operator == "\n":
                for end, strips in here_documents:
                    position = _after_here_document(script, position, end, strips)
                here_documents.clear()
        else:
            end_of_word = _end_of_word(script, position)
            word = script[position:end_of_word].replace("\\\n", "")
            position = end_of_word
            if tokens and tokens[-1].text in ("<<", "<<-") and not tokens[-1].is_word:
                end = word.replace("'", "").replace('"', "").replace("\\", "")
                here_documents.append((end, tokens[-1].text == "<<-"))
            is_descriptor = word.isdigit() and script[position : position + 1] in ("<", ">")
            if not is_descriptor:
                tokens.append(_Token(word, True))
    return [*tokens, _Token(_END)]


def _operator(script: str, position: int) -> str:
    return next((one for one in _OPERATORS if script.startswith(one, position)), "")


def _line_end(script: str, position: int) -> int:
    end = script.find("\n", position)
    return len(script) if end < 0 else end


def _after_here_document(script: str, position: int, end: str, strips: bool) -> int:
    while position < len(script):
        line_end = _line_end(script, position)
        line = script[position:line_end]
        position = line_end + 1
        if (line.lstrip("\t") if strips else line) == end:
            break
    return min(position, len(script))


def _end_of_word(script: str, position: int) -> int:
    while position < len(script):
        character = script[position]
        if character in _BLANKS or _operator(script, position):
            break
        position = _next(script, position)
    return min(position, len(script))


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def nodes(self, *ends: str) -> Nodes:
        """Commands up to one of the words `ends`, a closing operator, or the end."""
        found: List[Node] = []
        while True:
            self._skip("\n", ";", "&")
            if self._token.text in (")", ";;", _END, *ends):
                return tuple(found)
            found.append(self._and_or())

    def expect(self, text: str) -> None:
        if self._token.text != text:
            raise ShellSyntaxError(f"{self._token.text!r} where {text!r} is expected")
        self._position += 1

    @property
    def _token(self) -> _Token:
        return self._tokens[min(self._position, len(self._tokens) - 1)]

    def _take(self) -> _Token:
        token = self._token
        self._position += 1
        return token

    def _skip(self, *texts: str) -> None:
        while self._token.text in texts and not self._token.is_word:
            self._position += 1

    def _accept(self, text: str) -> bool:
        if self._token.text != text:
            return False
        self._position += 1
        return True

    def _and_or(self) -> Node:
        left = self._pipeline()
        while self._token.text in ("&&", "||"):
            operator = self._take().text
            self._skip("\n")
            left = AndOr(left, operator, self._pipeline())
        return left

    def _pipeline(self) -> Node:
        negated = self._accept("!")
        commands = [self._command()]
        while self._accept("|"):
            self._skip("\n")
            commands.append(self._command())
        if len(commands) == 1 and not negated:
            return commands[0]
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Node:
        parse_compound = {
            "if": self._if,
            "for": self._for,
            "case": self._case,
            "while": self._while,
            "until": self._until,
            "{": self._braces,
            "(": self._parentheses,
        }.get(self._token.text)
        if parse_compound is None:
            return self._simple()
        self._position += 1
        node = parse_compound()
        redirections = self._redirections()
        return Group((node,), redirections) if redirections else node

    def _if(self) -> Node:
        branches = []
        while True:
            condition = self.nodes("then")
            self.expect("then")
            branches.append((condition, self.nodes("elif", "else", "fi")))
            if not self._accept("elif"):
                break
        otherwise = self.nodes("fi") if self._accept("else") else ()
        self.expect("fi")
        return If(tuple(branches), otherwise)

    def _for(self) -> Node:
        name = self._take().text
        self._skip("\n")
        words: List[str] = []
        if self._accept("in"):
            while self._token.is_word:
                words.append(self._take().text)
        else:
            words.append('"$@"')
        return For(name, tuple(words), self._do())

    def _while(self) -> Node:
        condition = self.nodes("do")
        return While(condition, self._do())

    def _until(self) -> Node:
        condition = Pipeline((Group(self.nodes("do")),), negated=True)
        return While((condition,), self._do())

    def _do(self) -> Nodes:
        self._skip("\n", ";")
        self.expect("do")
        body = self.nodes("done")
        self.expect("done")
        return body

    def _case(self) -> Node:
        word = self._take().text
        self._skip("\n")
        self.expect("in")
        branches: List[Tuple[Tuple[str, ...], Nodes]] = []
        while True:
            self._skip("\n")
            if self._accept("esac"):
                return Case(word, tuple(branches))
            self._accept("(")
            patterns = [self._take().text]
            while self._accept("|"):
                patterns.append(self._take().text)
            self.expect(")")
            branches.append((tuple(patterns), self.nodes("esac")))
            self._accept(";;")

    def _braces(self) -> Node:
        body = self.nodes("}")
        self.expect("}")
        return Group(body)

    def _parentheses(self) -> Node:
        body = self.nodes()
        self.expect(")")
        return Group(body, is_subshell=True)

    def _simple(self) -> Node:
        words: List[str] = []
        redirections: List[Redirection] = []
        while True:
            redirections.extend(self._redirections())
            if not self._token.is_word:
                break
            words.append(self._take().text)
            if len(words) == 1 and self._accept("("):
                self.expect(")")
                self._skip("\n")
                return Function(words[0], (self._command(),))
        if not words and not redirections or words and words[0] in _RESERVED:
            raise ShellSyntaxError(f"{self._token.text!r} where a command is expected")
        return Simple(tuple(words), tuple(redirections))

    def _redirections(self) -> Tuple[Redirection, ...]:
        found: List[Redirection] = []
        while self._token.text in _REDIRECTIONS and not self._token.is_word:
            operator = self._take().text
            if not self._token.is_word:
                raise ShellSyntaxError(f"{operator} without a file")
            found.append(Redirection(operator, self._take().text))
        return tuple(found)
