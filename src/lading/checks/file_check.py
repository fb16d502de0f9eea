"""A file that the image must have, or must not have.

    files={
        "/data": {"type": "directory", "mode": "0755", "owner": "redis:redis"},
        "/etc/passwd": {"contains": ["^redis:x:999:"], "lacks": ["nologin$"]},
        "/bin/redis-server": {"target": "{//3rdparty/redis}/bin/redis-server"},
        "/bin/gcc": None,
    }
"""

import difflib
import re
from dataclasses import dataclass, replace
from typing import Any, Iterator, Mapping, Optional, Tuple

from lading.checks.fields import Fields
from lading.checks.go_syntax import go_file_mode
from lading.checks.go_syntax.go_variables import expand
from lading.checks.go_syntax.pattern import Pattern
from lading.checks.outcome import Outcome, difference, indented, quoted
from lading.checks.visible_files import VisibleFiles
from lading.files.container_path import parse_container_path
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.config.user import is_number
from lading.image.root.account_files import AccountFiles
from lading.image.root.owner import Owner
from lading.image.root.process_user import name_of
from lading.values.errors import LadingError

FIELD = "files"

#: The types that can be checked.
TYPES = tuple(kind.value for kind in Kind)

EXAMPLE = '{"mode": "0755", "owner": "redis:redis"}'

_KEYS = ("type", "mode", "owner", "target", "text", "contains", "lacks")
_MODE = re.compile(r"[0-7]{3,4}")


@dataclass(frozen=True)
class FileCheck:
    """None, or an empty tuple, means that the property is not checked.

    A final symlink in `path` is followed, except for `target` (the symlink's text), for the `type`
    symlink, for files that must be `absent`, and without `follow`. `user` and `group` are names or
    ids. `permissions` are in Go's notation; `executable_by` is owner, group, other or any. Unless
    `variables` is None, `$NAME` in `path` stands for one of these or of the image's.
    """

    path: str
    name: str
    absent: bool = False
    follow: bool = True
    type: Optional[str] = None
    mode: Optional[str] = None
    user: Optional[str] = None
    group: Optional[str] = None
    target: Optional[str] = None
    text: Optional[str] = None
    contains: Tuple[Pattern, ...] = ()
    lacks: Tuple[Pattern, ...] = ()
    permissions: Optional[str] = None
    executable_by: Optional[str] = None
    is_read: bool = False
    variables: Optional[Tuple[Tuple[str, str], ...]] = None

    @classmethod
    def parse(cls, path: str, value: Any) -> "FileCheck":
        """Reads an item of the field. Raises LadingError if it is invalid."""
        parse_container_path(FIELD, path)
        name = f"file {path}"
        if value is None:
            return cls(path, name, absent=True)
        fields = Fields.parse(f"`{FIELD}` gives {path!r}", value, _KEYS, EXAMPLE)
        type, mode, owner = fields.text("type"), fields.text("mode"), fields.text("owner")
        if type is not None and type not in TYPES:
            raise LadingError(
                f"`{FIELD}` gives {path!r} the type {type!r}. Write one of " f"{', '.join(TYPES)}."
            )
        if mode is not None and not _MODE.fullmatch(mode):
            raise LadingError(
                f"`{FIELD}` gives {path!r} the mode {mode!r}. Write a string of octal digits such "
                'as "0644" or "4755".'
            )
        parsed = Owner.parse(FIELD, path, owner) if owner is not None else None
        text = fields.text("text")
        contains, lacks = fields.patterns("contains"), fields.patterns("lacks")
        return cls(
            path=path,
            name=name,
            type=type,
            mode=f"{int(mode, 8):04o}" if mode is not None else None,
            user=parsed.user if parsed else None,
            group=parsed.group if parsed else None,
            target=fields.text("target"),
            text=text,
            contains=contains,
            lacks=lacks,
            is_read=text is not None or bool(contains or lacks),
        )

    def expanded(self, variables: Mapping[str, str]) -> "FileCheck":
        """With `variables`, which are the image's, filled into the path."""
        if self.variables is None:
            return self
        own = {name: expand(value, variables) for name, value in self.variables}
        return replace(self, path=expand(self.path, {**variables, **own}), variables=None)

    def wanted(self, files: VisibleFiles) -> Tuple[str, ...]:
        """The keys of the files whose contents `judge` reads."""
        key = files.find_file(self.path) if self.is_read else None
        return () if key is None else (key,)

    def judge(self, files: VisibleFiles, accounts: AccountFiles) -> Outcome:
        return Outcome(self.name, tuple(self._failures(files, accounts)))

    def _failures(self, files: VisibleFiles, accounts: AccountFiles) -> Iterator[str]:
        key = files.find(self.path, through_link=False)
        if self.absent:
            if key is not None:
                yield difference("exists", "no", f"a {_show(files.files[key])}")
            return
        if key is None:
            yield difference("exists", "yes", "no")
            return
        link = files.files[key]
        if self.target is not None:
            actual = link.target if link.kind == Kind.SYMLINK else f"no symlink but a {_show(link)}"
            if actual != self.target:
                yield difference("target", self.target, actual)
        if not self.follow or self.type == Kind.SYMLINK.value:
            yield from self._state_failures(link, accounts)
            return
        followed = files.find(self.path)
        if followed is None:
            yield f"it is a symlink to {link.target}, which is not there"
            return
        yield from self._state_failures(files.files[followed], accounts)
        if self.is_read:
            yield from self._content_failures(files.read(self.path), files.files[followed])

    def _state_failures(self, file: Entry, accounts: AccountFiles) -> Iterator[str]:
        if self.type is not None and file.kind.value != self.type:
            yield difference("type", self.type, file.kind.value)
        if self.mode is not None and f"{file.mode:04o}" != self.mode:
            yield difference("mode", self.mode, f"{file.mode:04o}")
        yield from self._owner_failures(file, accounts)
        permissions = go_file_mode.show(file.kind, file.mode)
        if self.permissions is not None and permissions != self.permissions:
            yield difference("permissions", self.permissions, permissions)
        if self.executable_by is not None and not go_file_mode.is_executable(
            file.mode, self.executable_by
        ):
            yield difference("executable by", self.executable_by, permissions)

    def _owner_failures(self, file: Entry, accounts: AccountFiles) -> Iterator[str]:
        for what, expected, actual, number_of, lines in (
            ("user", self.user, file.uid, accounts.uid_of, accounts.passwd),
            ("group", self.group, file.gid, accounts.gid_of, accounts.group),
        ):
            if expected is None:
                continue
            number = int(expected) if is_number(expected) else number_of(expected)
            if number is None:
                yield f"{what}: expected {expected}, but the image has no such {what}"
            elif number != actual:
                name = name_of(actual, lines)
                shown = f"{actual} ({name})" if name else str(actual)
                wanted = expected if is_number(expected) else f"{number} ({expected})"
                yield difference(what, wanted, shown)

    def _content_failures(self, data: Optional[bytes], file: Entry) -> Iterator[str]:
        if data is None:
            yield f"it is a {_show(file)} and has no content"
            return
        content = data.decode("utf-8", "replace")
        if self.text is not None and content != self.text:
            expected, actual = self.text.splitlines(), content.splitlines()
            # Without the lines for file names, which do not exist here.
            diff = list(difflib.unified_diff(expected, actual, lineterm="", n=2))[2:]
            diff = diff or ["the lines are the same, but their ends are not"]
            yield f"text: - is expected, + is actual:\n{indented(diff)}"
        wrong = [f"does not match: {p.text}" for p in self.contains if not p.matches(content)]
        wrong += [f"matches, but must not: {p.text}" for p in self.lacks if p.matches(content)]
        for text in wrong:
            yield f"content {text}"
        if wrong:
            yield f"its content:\n{quoted(content)}"


def _show(file: Entry) -> str:
    name = file.kind.value
    return f"{name} to {file.target}" if file.kind == Kind.SYMLINK else name
