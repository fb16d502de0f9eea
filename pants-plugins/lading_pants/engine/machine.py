"""Where this machine's own facts are put so that no cache key sees them.

See `lading.runtime.machine`.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import os
import shlex
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping

from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, _uncacheable_rule, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.runtime.machine import NETWORK_VARIABLES, Machine
from lading.runtime.whole_file import whole_file
from lading.values.json_codec import to_json
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.errors import TargetError

#: The file that runs the interpreter, in the machine directory.
INTERPRETER = "python"

#: Makes the names of directories, which everybody can see, tell nothing of the secrets in them.
_KEY_FILE = "lading_machine.key"
_KEY_SIZE = 32


# Where a process finds a cache of this name, whose place tells where they all are.
_HERE, _ANY_CACHE = "here", "lading"


@dataclass(frozen=True)
class NamedCaches:
    """The directory in which Pants keeps append-only caches. (Its option need not be the one of
    the daemon, which decides.)"""

    directory: str


@dataclass(frozen=True)
class NotedFilesRequest:
    """Texts by file name, to lie in an append-only cache. They may hold secrets, such as the
    password of a proxy. `prefix` begins the cache's name.
    """

    prefix: str
    files: FrozenDict[str, str] = field(repr=False)


@dataclass(frozen=True)
class NotedFiles:
    """The append-only cache that holds the files. Its name depends on them."""

    name: str


@dataclass(frozen=True)
class MachineCache:
    """The append-only cache that holds the machine directory. Its name depends on its content."""

    name: str


@rule
async def find_named_caches() -> NamedCaches:
    found = await Get(
        ProcessResult,
        Process(
            argv=("/bin/sh", "-c", f"cd {_HERE} && pwd -P"),
            append_only_caches={_ANY_CACHE: _HERE},
            cache_scope=ProcessCacheScope.PER_RESTART_SUCCESSFUL,
            description="Finding where Pants keeps append-only caches",
            level=LogLevel.DEBUG,
        ),
    )
    return NamedCaches(os.path.dirname(os.fsdecode(found.stdout.rstrip(b"\n"))))


# Whoever removes the files while Pants' daemon runs gets them back, so each run looks at them. A
# process can't write them: Pants keeps the inputs of all processes in its store, readable by
# everybody, and their arguments and variables are in caches, too.
@_uncacheable_rule
async def note_files(request: NotedFilesRequest, caches: NamedCaches) -> NotedFiles:
    directory = Path(caches.directory)
    directory.mkdir(parents=True, exist_ok=True)
    content = json.dumps(dict(request.files)).encode("utf-8")
    noted = NotedFiles(cache_name(request.prefix, content, _key(directory / _KEY_FILE)))
    _write_private(directory / noted.name, request.files)
    return noted


def cache_name(prefix: str, content: bytes, key: bytes) -> str:
    """The name of an append-only cache for `content`; Pants wants letters and underscores.

    Without the `key` it doesn't help to guess the content.
    """
    digest = hmac.new(key, content, hashlib.sha256).hexdigest()[:16]
    return f"{prefix}_{digest.translate(str.maketrans('0123456789', 'ghijklmnop'))}"


def _key(file: Path) -> bytes:
    """This machine's own, made where there is none."""
    with suppress(FileNotFoundError):
        key = file.read_bytes()
        if len(key) == _KEY_SIZE:
            return key
    with whole_file(file, 0o600) as output:
        output.write(os.urandom(_KEY_SIZE))
    return file.read_bytes()  # another Pants may have made one at the same time


def _write_private(directory: Path, files: Mapping[str, str]) -> None:
    """For nobody but the user. What is there and right is left alone: a program may read it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)  # Pants makes one, too
    os.utime(directory)  # so that it is known as used
    for name, text in files.items():
        path, content = directory / name, text.encode("utf-8")
        mode = 0o700 if name == INTERPRETER else 0o600
        with suppress(FileNotFoundError):
            if path.read_bytes() == content and stat.S_IMODE(path.stat().st_mode) == mode:
                continue
        with whole_file(path, mode) as file:
            file.write(content)


def machine_files(prefix: str, machine: Machine) -> NotedFilesRequest:
    """The machine directory with this description in it."""
    return NotedFilesRequest(
        prefix=prefix,
        files=FrozenDict({"machine.json": to_json(machine), INTERPRETER: _interpreter_script()}),
    )


def _interpreter_script() -> str:
    """Runs the interpreter that Pants itself runs on, with the `requests` that Pants finds.

    That library may come from the environment of Pants or from `[GLOBAL].plugins`.
    """
    spec = importlib.util.find_spec("requests")
    if spec is None or spec.origin is None:
        raise TargetError(
            "Lading fetches with `requests`, which Pants can't import here: add `requests` to "
            "`[GLOBAL].plugins` in pants.toml."
        )
    path, python = (
        shlex.quote(part) for part in (str(Path(spec.origin).parent.parent), sys.executable)
    )
    return f'#!/bin/sh\nexport PYTHONPATH={path}\nexec {python} "$@"\n'


@rule
async def find_machine(lading: LadingSubsystem, repos: PythonRepos) -> MachineCache:
    environment = await Get(EnvironmentVars, EnvironmentVarsRequest(NETWORK_VARIABLES))
    machine = Machine(
        environment=dict(sorted(environment.items())),
        # Pants' default is no one's decision: pip's own configuration goes before it.
        python_indexes=() if repos.options.is_default("indexes") else tuple(repos.indexes),
        python_find_links=tuple(repos.find_links),
        debian_mirrors=tuple(lading.debian_mirrors),
    )
    noted = await Get(NotedFiles, NotedFilesRequest, machine_files("lading_machine", machine))
    return MachineCache(noted.name)


def rules():
    return collect_rules()
