"""The files of an image after the commands of maintainer scripts, without running any.

A command's effect is applied only if it is plain; otherwise the command is reported.
"""

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import (
    AbstractSet,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from lading.debian.scripts.shell_run import Command
from lading.debs.unpack import merged
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.links import follow
from lading.files.path_fault import path_fault, target_fault
from lading.image.root.account_files import AccountFiles

_KERNEL_S = ("proc", "sys", "dev")
_PATH = ("/usr/sbin/", "/usr/bin/")
_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")
_BITS = {"r": 0o444, "w": 0o222, "x": 0o111}
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
USUAL_UMASK = 0o022
_UMASK = re.compile(r"0?[0-7]{3}")
# More paths than honest scripts change with -R, and more bytes than they copy.
_MOST_SPREAD = 1_000_000
_MOST_COPIED = 256 << 20
_OCTAL = re.compile(r"0*[0-7]{1,4}")
_NUMBER = re.compile(r"0*[0-9]{1,9}")


class _NotPlain(Exception):
    """The command's effect can't be determined."""


@dataclass
class ScriptFiles:
    """Paths have no leading slash, and links are not followed."""

    #: Returns what packages and the base have at a path.
    given: Callable[[str], Optional[Entry]]
    #: Returns what they have in a directory.
    below: Callable[[str], Iterable[str]]
    #: Returns a file's bytes if they are known.
    read: Callable[[str], Optional[bytes]]
    accounts: AccountFiles
    architecture: str
    #: What scripts have added and changed.
    made: Dict[str, Entry] = field(default_factory=dict)
    #: Lines of dpkg-statoverride.
    statoverrides: List[str] = field(default_factory=list)
    #: Paths of packages that are not unpacked yet.
    absent: AbstractSet[str] = frozenset()
    umask: int = USUAL_UMASK
    #: The arguments of commands that may or may not have created or removed files.
    uncertain: Set[str] = field(default_factory=set)
    _spread: int = 0
    _copied: int = 0

    def place(self, path: str) -> str:
        """Where an absolute path leads, without following a final link."""
        place = follow(merged(path.strip("/")), self._target) if path.startswith("/") else None
        if not place or path_fault(place):
            raise _NotPlain
        return place

    def lookup(self, place: str) -> Optional[Entry]:
        made = self.made.get(place)
        return made if made is not None or place in self.absent else self.given(place)

    def test(self, operator: str, path: str) -> Optional[bool]:
        """What test(1) says about a file; None if that is not known."""
        if path.startswith(tuple(f"/{name}" for name in _KERNEL_S)):
            return None
        try:
            if operator in ("-h", "-L"):
                entry = self.lookup(self.place(path))
                return entry is not None and entry.kind == Kind.SYMLINK
            place = follow(merged(path.strip("/")) + "/.", self._target)
        except _NotPlain:
            return None
        entry = None if place is None else self.lookup(place)
        if entry is None:
            return place == ""
        kind = {"-d": Kind.DIRECTORY, "-f": Kind.FILE}.get(operator)
        if operator == "-x" and entry.kind == Kind.FILE:
            return bool(entry.mode & 0o111)
        if kind is not None:
            return entry.kind == kind
        return True if operator in ("-e", "-r", "-w", "-x") else None

    def ask(self, operator: str, path: str) -> Optional[bool]:
        """The result of test(1) in a script. None if it is unknown, for example because an earlier
        command may or may not have created or removed the file, as in man-db's postinst."""
        return None if path in self.uncertain else self.test(operator, path)

    def perform(self, command: Command) -> bool:
        """Apply the command's effect, if it has any; returns whether the effect is known."""
        name = posixpath.basename(command.words[0]) if command.words else ":"
        if not command.is_certain:
            if name in _CREATING_OR_REMOVING:
                self.uncertain.update(command.words[1:])
            return False
        performer = _PERFORMERS.get(name)
        writes = [one for one in command.redirections if _writes(one.operator, one.word)]
        if performer is None or (writes and name not in _PRINTING):
            return False
        try:
            performer(self, command)
        except _NotPlain:
            return False
        return True

    def answer(self, command: Command) -> Optional[bool]:
        """Whether a command that only asks something succeeds; None if that is not known."""
        name, *words = command.words or ("",)
        asked = words[-1] if words and command.is_known else ""
        if not asked:
            return None
        if name in ("which", "command", "type") and (name != "command" or words[0] in ("-v", "-V")):
            directories = ("",) if asked.startswith("/") else _PATH
            # If it is missing, an alternative may provide it, or a trigger may create it later.
            return any(self.test("-x", f"{one}{asked}") for one in directories) or None
        if name == "getent" and words[0] in ("passwd", "group"):
            number = self.accounts.uid_of(asked), self.accounts.gid_of(asked)
            return number[words[0] == "group"] is not None
        if name in ("cmp", "diff") and len(words) >= 2:
            return self._are_same(*words[-2:])
        if name == "dpkg-statoverride" and "--list" in words:
            return any(line.split()[-1] == asked for line in self.statoverrides)
        return None

    def _are_same(self, one: str, other: str) -> Optional[bool]:
        if not (self.test("-e", one) and self.test("-e", other)):
            return False
        try:
            return self.content(one) == self.content(other)
        except _NotPlain:
            return None

    def _target(self, path: str) -> Optional[str]:
        entry = self.lookup(path)
        return entry.target if entry is not None and entry.kind == Kind.SYMLINK else None

    def put(self, entry: Entry) -> None:
        parent = posixpath.dirname(entry.path)
        present = self.lookup(parent) if parent else None
        if parent and (present is None or present.kind != Kind.DIRECTORY):
            raise _NotPlain
        self.made[entry.path] = entry

    def write(
        self, path: str, data: bytes, mode: Optional[int] = None, uid: int = 0, gid: int = 0
    ) -> None:
        if mode is None:
            mode = 0o666 & ~self.umask
        self.put(Entry(self.place(path), Kind.FILE, mode, uid, gid, data=data))

    def change(self, path: str, changed: Callable[[Entry], Entry]) -> None:
        """Change owner or mode of the file that a path leads to."""
        place = follow(merged(path.strip("/")) + "/.", self._target)
        entry = self.lookup(place) if place else None
        if entry is None:
            raise _NotPlain
        other = changed(entry)
        if other == entry:
            return
        if entry.kind == Kind.FILE and entry.path not in self.made:
            other = replace(other, data=self._content(entry.path))
        self.made[entry.path] = other

    def content(self, path: str) -> bytes:
        place = follow(merged(path.strip("/")) + "/.", self._target)
        entry = self.lookup(place) if place else None
        if entry is None or entry.kind != Kind.FILE:
            raise _NotPlain
        return self._content(entry.path)

    def text(self, path: str) -> Optional[str]:
        try:
            return self.content(path).decode("utf-8", "surrogateescape")
        except _NotPlain:
            return None

    def _content(self, place: str) -> bytes:
        data = self.made[place].data if place in self.made else self.read(place)
        if data is None:
            raise _NotPlain
        self._copied += len(data)
        if self._copied > _MOST_COPIED:
            raise _NotPlain
        return data

    def tree(self, path: str) -> List[str]:
        """A path and everything below it."""
        place = self.place(path)
        found = {place, *self.below(place)}
        found.update(one for one in self.made if one.startswith(f"{place}/"))
        self._spread += len(found)
        if self._spread > _MOST_SPREAD:
            raise _NotPlain
        return [f"/{one}" for one in sorted(found)]

    def owner(self, text: str, lookup: Callable[[str], Optional[int]]) -> int:
        if not text:
            raise _NotPlain
        number = int(text) if _NUMBER.fullmatch(text) else lookup(text)
        if number is None:
            raise _NotPlain
        return number


def _writes(operator: str, word: str) -> bool:
    return ">" in operator and operator != ">&" and not word.startswith(("/dev/", "/proc/"))


def _options(
    words: Sequence[str], flags: str, valued: str = "", long: Sequence[str] = ()
) -> Tuple[Dict[str, str], List[str]]:
    """Options and operands. Raises _NotPlain for an option that is not in `flags`, `valued` or
    `long`."""
    options: Dict[str, str] = {}
    operands: List[str] = []
    pending = list(reversed(words))
    while pending:
        word = pending.pop()
        if word == "--":
            return options, [*operands, *reversed(pending)]
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if name not in long:
                raise _NotPlain
            options[name] = value
        elif word.startswith("-") and len(word) > 1:
            for place, letter in enumerate(word[1:], 2):
                if letter in valued:
                    options[letter] = word[place:] or (pending.pop() if pending else "")
                    break
                if letter not in flags:
                    raise _NotPlain
                options[letter] = ""
        else:
            operands.append(word)
    return options, operands


def _mode(text: str, present: int, is_directory: bool) -> int:
    """chmod(1). A number with less than five digits keeps setuid and setgid bits of directories."""
    if _OCTAL.fullmatch(text):
        return int(text, 8) | (present & 0o6000 if is_directory and len(text) < 5 else 0)
    mode = present
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise _NotPlain
        who, operator, letters = match.groups()
        mask = 0
        for one in who or "a":
            mask |= _WHO[one]
        if not who:
            mask &= ~USUAL_UMASK
        bits = 0
        for letter in letters:
            if letter == "s":
                bits |= mask & 0o6000
            elif letter == "t":
                bits |= 0o1000
            elif letter != "X" or is_directory or mode & 0o111:
                bits |= _BITS["x" if letter == "X" else letter] & mask
        if operator == "=":
            mode = (mode & ~(mask & (0o1777 if is_directory else 0o7777))) | bits
        else:
            mode = mode | bits if operator == "+" else mode & ~bits
    return mode


def _mkdir(files: ScriptFiles, command: Command) -> None:
    options, paths = _options(command.words[1:], "pvZ", "m", ("parents", "mode"))
    mode = options.get("m", options.get("mode", f"{0o777 & ~files.umask:03o}"))
    for path in paths:
        _make_directory(
            files, path, _mode(mode, 0o755, True), "p" in options or "parents" in options
        )


def _make_directory(files: ScriptFiles, path: str, mode: int, with_parents: bool) -> bool:
    if files.test("-e", path):
        return False
    place = files.place(path)
    parent = posixpath.dirname(place)
    if with_parents and parent:
        _make_directory(files, f"/{parent}", 0o755, True)
    files.put(Entry.directory(place, mode))
    return True


def _install(files: ScriptFiles, command: Command) -> None:
    options, paths = _options(
        command.words[1:], "dDpvcC", "mog", ("mode", "owner", "group", "directory")
    )
    mode = options.get("m", options.get("mode", "755"))
    uid = files.owner(options.get("o", options.get("owner", "0")), files.accounts.uid_of)
    gid = files.owner(options.get("g", options.get("group", "0")), files.accounts.gid_of)
    if "d" in options or "directory" in options:
        for path in paths:
            _make_directory(files, path, 0o755, True)
            files.change(
                path,
                lambda entry: replace(entry, mode=_mode(mode, 0o755, True), uid=uid, gid=gid),
            )
        return
    source, target = _two(paths)
    data = b"" if source == "/dev/null" else files.content(source)
    if files.test("-d", target):
        target = posixpath.join(target, posixpath.basename(source))
    if "D" in options:
        _make_directory(files, posixpath.dirname(target), 0o755, True)
    files.write(target, data, _mode(mode, 0o755, False), uid, gid)


def _set_umask(files: ScriptFiles, command: Command) -> None:
    if len(command.words) != 2 or not _UMASK.fullmatch(command.words[1]):
        raise _NotPlain
    files.umask = int(command.words[1], 8)


def _two(paths: Sequence[str]) -> Tuple[str, str]:
    if len(paths) != 2:
        raise _NotPlain
    return paths[0], paths[1]


def _ln(files: ScriptFiles, command: Command) -> None:
    options, paths = _options(
        command.words[1:],
        "sfnTvr",
        "",
        ("symbolic", "force", "no-dereference", "no-target-directory"),
    )
    if "s" not in options and "symbolic" not in options or "r" in options:
        raise _NotPlain
    if len(paths) == 1:
        raise _NotPlain
    target, link = _two(paths)
    if target_fault(target):
        raise _NotPlain
    is_exact = not {"n", "T", "no-dereference", "no-target-directory"}.isdisjoint(options)
    is_link = files.test("-L", link)
    if files.test("-d", link) and not (is_exact and is_link):
        link = posixpath.join(link, posixpath.basename(target.rstrip("/")))
        is_link = files.test("-L", link)
    if (is_link or files.test("-e", link)) and not {"f", "force"} & options.keys():
        return
    files.put(Entry.symlink(files.place(link), target))


def _cp(files: ScriptFiles, command: Command) -> None:
    options, paths = _options(
        command.words[1:], "pafnvuZdP", "", ("preserve", "force", "archive", "no-clobber", "update")
    )
    source, target = _two(paths)
    place = follow(merged(source.strip("/")) + "/.", files._target)
    entry = files.lookup(place) if place else None
    data = files.content(source)
    assert entry is not None, "it has been read"
    if {"a", "d", "P"} & options.keys() and files.test("-L", source):
        raise _NotPlain
    if files.test("-d", target):
        target = posixpath.join(target, posixpath.basename(source))
    present = files.lookup(files.place(target))
    if present is not None:
        if "n" in options or "no-clobber" in options:
            return
        if present.kind != Kind.FILE:
            raise _NotPlain
    if present is not None and not {"p", "a", "preserve", "archive"} & options.keys():
        files.write(target, data, present.mode, present.uid, present.gid)
    elif {"p", "a", "preserve", "archive"} & options.keys():
        files.write(target, data, entry.mode, entry.uid, entry.gid)
    else:
        files.write(target, data, entry.mode & ~files.umask & 0o777)


def _mv(files: ScriptFiles, command: Command) -> None:
    _, paths = _options(command.words[1:], "fnvTZ")
    source, target = _two(paths)
    place = files.place(source)
    if files.lookup(place) is None:
        return
    entry = files.made.get(place)
    if entry is None or entry.kind == Kind.DIRECTORY or files.given(place) is not None:
        raise _NotPlain
    if files.test("-d", target):
        target = posixpath.join(target, posixpath.basename(source))
    files.put(replace(entry, path=files.place(target)))
    del files.made[place]


def _rm(files: ScriptFiles, command: Command) -> None:
    _, paths = _options(command.words[1:], "rRfvd", "", ("force", "recursive", "one-file-system"))
    for path in paths:
        if set("*?[") & set(path):
            continue
        place = files.place(path)
        if files.given(place) is not None:
            raise _NotPlain
        for one in [one for one in files.made if one == place or one.startswith(f"{place}/")]:
            del files.made[one]


def _rmdir(files: ScriptFiles, command: Command) -> None:
    _, paths = _options(command.words[1:], "pv", "", ("ignore-fail-on-non-empty", "parents"))
    for path in paths:
        place = files.place(path)
        if files.given(place) is None and not any(
            one.startswith(f"{place}/") for one in files.made
        ):
            files.made.pop(place, None)


def _touch(files: ScriptFiles, command: Command) -> None:
    _, paths = _options(command.words[1:], "acm", "dt")
    for path in paths:
        if not files.test("-e", path):
            files.write(path, b"")


def _chmod(files: ScriptFiles, command: Command) -> None:
    options, (mode, *paths) = _options_of_mode(command.words[1:])
    for path in _spread(files, paths, options):
        files.change(
            path,
            lambda entry: replace(
                entry, mode=_mode(mode, entry.mode, entry.kind == Kind.DIRECTORY)
            ),
        )


def _options_of_mode(words: Sequence[str]) -> Tuple[Dict[str, str], List[str]]:
    """A mode such as -x is no option."""
    place = next((place for place, word in enumerate(words) if not word.startswith("-")), 0)
    options, operands = _options(words[:place], "Rfvc", "", ("recursive",))
    if len(words) - place < 2:
        raise _NotPlain
    return options, [*operands, *words[place:]]


def _chown(files: ScriptFiles, command: Command) -> None:
    options, operands = _options(
        command.words[1:], "Rfvch", "", ("recursive", "no-dereference", "from")
    )
    if len(operands) < 2 or "from" in options:
        raise _NotPlain
    whom, *paths = operands
    user, mark, group = whom.partition(":") if ":" in whom else whom.partition(".")
    if mark and not group:
        raise _NotPlain
    _change_owner(files, _spread(files, paths, options), user, group)


def _chgrp(files: ScriptFiles, command: Command) -> None:
    options, operands = _options(command.words[1:], "Rfvch", "", ("recursive", "no-dereference"))
    if len(operands) < 2:
        raise _NotPlain
    _change_owner(files, _spread(files, operands[1:], options), "", operands[0])


def _change_owner(files: ScriptFiles, paths: Sequence[str], user: str, group: str) -> None:
    uid = files.owner(user, files.accounts.uid_of) if user else None
    gid = files.owner(group, files.accounts.gid_of) if group else None
    for path in paths:
        files.change(
            path,
            lambda entry: replace(
                entry,
                uid=entry.uid if uid is None else uid,
                gid=entry.gid if gid is None else gid,
                # The kernel does this for files: chown(2).
                mode=entry.mode & 0o1777 if entry.kind == Kind.FILE else entry.mode,
            ),
        )


def _spread(files: ScriptFiles, paths: Sequence[str], options: Mapping[str, str]) -> List[str]:
    if any(set("*?[") & set(path) for path in paths):
        raise _NotPlain
    if not {"R", "recursive"} & options.keys():
        return list(paths)
    return [one for path in paths for one in files.tree(path)]


def _print(files: ScriptFiles, command: Command) -> None:
    """What a command that prints nothing, or only plain text, writes to a file."""
    name, *words = command.words or (":",)
    if any(one.operator.startswith("<") for one in command.redirections):
        raise _NotPlain
    text = ""
    if name == "echo":
        if words[:1] and (words[0].startswith("-") or "\\" in "".join(words)):
            raise _NotPlain
        text = " ".join(words) + "\n"
    for one in command.redirections:
        if not _writes(one.operator, one.word):
            continue
        present = b""
        if files.test("-e", one.word):
            present = files.content(one.word)
            place = files.place(one.word)
            entry = files.lookup(place)
            if entry is None or entry.kind != Kind.FILE:
                raise _NotPlain
            if one.operator != ">>":
                present = b""
            files.made[place] = replace(
                entry, data=present + text.encode("utf-8", "surrogateescape")
            )
        else:
            files.write(one.word, text.encode("utf-8", "surrogateescape"))


def _ucf(files: ScriptFiles, command: Command) -> None:
    options, operands = _options(
        command.words[1:], "d", "", ("three-way", "debconf-ok", "debconf-template", "src-dir")
    )
    source, target = _two(operands)
    if not files.test("-e", target):
        files.write(target, files.content(source))


def _statoverride(files: ScriptFiles, command: Command) -> None:
    options, operands = _options(
        command.words[1:], "", "", ("update", "add", "quiet", "force", "force-all")
    )
    if "add" not in options or len(operands) != 4:
        raise _NotPlain
    user, group, mode, path = operands
    if not _OCTAL.fullmatch(mode):
        raise _NotPlain
    if "update" in options:
        uid = files.owner(user, files.accounts.uid_of)
        gid = files.owner(group, files.accounts.gid_of)
        number = _mode(mode, 0, False)
        files.change(path, lambda entry: replace(entry, uid=uid, gid=gid, mode=number))
    files.statoverrides.append(f"{user} {group} {int(mode, 8):o} {path}")


_PRINTING = frozenset((":", "true", "echo"))
_CREATING_OR_REMOVING = frozenset("cp install ln mkdir mv rm rmdir touch ucf".split())

_PERFORMERS: Mapping[str, Callable[[ScriptFiles, Command], None]] = {
    ":": _print,
    "chgrp": _chgrp,
    "chmod": _chmod,
    "chown": _chown,
    "cp": _cp,
    "dpkg-statoverride": _statoverride,
    "echo": _print,
    "install": _install,
    "ln": _ln,
    "mkdir": _mkdir,
    "mv": _mv,
    "rm": _rm,
    "rmdir": _rmdir,
    "touch": _touch,
    "true": _print,
    "ucf": _ucf,
    "umask": _set_umask,
}
