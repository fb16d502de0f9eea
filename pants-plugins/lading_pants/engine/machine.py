"""Stores facts about this machine where they don't become part of cache keys.

See `lading.runtime.machine`.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import logging
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
from pants.engine.rules import Get, _uncacheable_rule, rule
from pants.option.global_options import GlobalOptions
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.runtime.machine import NETWORK_VARIABLES, Machine
from lading.runtime.whole_file import whole_file
from lading.values.json_codec import to_json
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.errors import TargetError

#: The file in the machine directory that runs the interpreter.
INTERPRETER = "python"

#: Everybody can see the names of directories; with this key they reveal nothing about secrets
#: inside.
_KEY_FILE = "lading_machine.key"
_KEY_SIZE = 32


# The path of a cache in a process, and the name of a cache whose location shows where all are.
_HERE, _ANY_CACHE = "here", "lading"


@dataclass(frozen=True)
class NamedCaches:
    """The directory in which Pants keeps append-only caches. (Don't use Pants' option: the daemon
    decides, and may have another value.)"""

    directory: str


@dataclass(frozen=True)
class NotedFilesRequest:
    """Texts by file name, for an append-only cache. They may contain secrets, such as a proxy's
    password. `prefix` begins the cache's name.
    """

    prefix: str
    files: FrozenDict[str, str] = field(repr=False)


@dataclass(frozen=True)
class NotedFiles:
    """The append-only cache with the files. Its name depends on them."""

    name: str


@dataclass(frozen=True)
class MachineCache:
    """The append-only cache with the machine directory. Its name depends on its content. `debug`
    says whether what programs log is shown."""

    name: str
    debug: bool = False


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


# If somebody removes the files while Pants' daemon runs, they must be restored, so each run checks
# them. A process can't write them: Pants keeps the inputs of all processes in its store, which
# everybody can read, and their arguments and variables in caches.
@_uncacheable_rule
async def note_files(request: NotedFilesRequest, caches: NamedCaches) -> NotedFiles:
    directory = Path(caches.directory)
    directory.mkdir(parents=True, exist_ok=True)
    content = json.dumps(dict(request.files)).encode("utf-8")
    noted = NotedFiles(cache_name(request.prefix, content, _key(directory / _KEY_FILE)))
    _write_private(directory / noted.name, request.files)
    return noted


def cache_name(prefix: str, content: bytes, key: bytes) -> str:
    """The name of an append-only cache for `content`; Pants requires letters and underscores.

    Without the `key`, guesses of the content can't be verified.
    """
    digest = hmac.new(key, content, hashlib.sha256).hexdigest()[:16]
    return f"{prefix}_{digest.translate(str.maketrans('0123456789', 'ghijklmnop'))}"


def _key(file: Path) -> bytes:
    """This machine's own key, which is created if it is missing."""
    with suppress(FileNotFoundError):
        key = file.read_bytes()
        if len(key) == _KEY_SIZE:
            return key
    with whole_file(file, 0o600) as output:
        output.write(os.urandom(_KEY_SIZE))
    return file.read_bytes()  # another Pants may have created it at the same time


def _write_private(directory: Path, files: Mapping[str, str]) -> None:
    """Write a file that only the user can read. A correct file is not touched, since a program may
    be reading it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    directory.chmod(0o700)  # Pants creates it, too
    os.utime(directory)  # so that it counts as used
    for name, text in files.items():
        path, content = directory / name, text.encode("utf-8")
        mode = 0o700 if name == INTERPRETER else 0o600
        with suppress(FileNotFoundError):
            if path.read_bytes() == content and stat.S_IMODE(path.stat().st_mode) == mode:
                continue
        with whole_file(path, mode) as file:
            file.write(content)


def machine_files(prefix: str, machine: Machine) -> NotedFilesRequest:
    """The machine directory that contains this description."""
    return NotedFilesRequest(
        prefix=prefix,
        files=FrozenDict({"machine.json": to_json(machine), INTERPRETER: _interpreter_script()}),
    )


def wants_debug(options: GlobalOptions) -> bool:
    return options.level.level <= logging.DEBUG


def _interpreter_script() -> str:
    """Runs the interpreter of Pants itself, with the `requests` that Pants uses.

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
async def find_machine(
    lading: LadingSubsystem, repos: PythonRepos, options: GlobalOptions
) -> MachineCache:
    environment = await Get(EnvironmentVars, EnvironmentVarsRequest(NETWORK_VARIABLES))
    machine = Machine(
        environment=dict(sorted(environment.items())),
        # Nobody chose Pants' default, so pip's own configuration takes precedence over it.
        python_indexes=() if repos.options.is_default("indexes") else tuple(repos.indexes),
        python_find_links=tuple(repos.find_links),
        debian_mirrors=tuple(lading.debian_mirrors),
        debug=wants_debug(options),
    )
    noted = await Get(NotedFiles, NotedFilesRequest, machine_files("lading_machine", machine))
    return MachineCache(noted.name, machine.debug)
