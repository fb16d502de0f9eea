"""The ids that an ordinary user may map into a user namespace: subuid(5), subgid(5)."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Tuple


@dataclass(frozen=True)
class IdRange:
    """`count` ids, starting with `first`."""

    first: int
    count: int


def subordinate_ids(file: Path) -> Tuple[IdRange, ...]:
    """The ranges that `file` (/etc/subuid or /etc/subgid) assigns to this process' user, in its
    order. Lines are `NAME-OR-UID:FIRST:COUNT`; others are skipped, as newuidmap does."""
    owners = {str(os.getuid()), user_name()}
    if not file.is_file():
        return ()
    fields = (line.split(":") for line in file.read_text(encoding="utf-8").splitlines())
    return tuple(
        IdRange(int(line[1]), int(line[2]))
        for line in fields
        if len(line) == 3 and line[0] in owners and line[1].isdigit() and line[2].isdigit()
    )


def user_name() -> str:
    """The name of this process' user, or its number if it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
