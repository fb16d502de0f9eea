"""Where this machine's own facts are put so that no cache key sees them (see `lading.machine`)."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.fs import CreateDigest, Digest, FileContent
from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, collect_rules, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.machine import MACHINE_DIR, NETWORK_VARIABLES, Machine
from lading_pants.errors import TargetError
from lading_pants.subsystems.lading import LadingSubsystem

# Puts files from the current directory into another one, each under a temporary name first, since
# another Pants may be doing the same. They are inputs and not arguments: a proxy's address may
# hold a password, and whoever is on the machine, or reads a remote cache, sees the arguments.
_INSTALL = """
import os, shutil, sys
directory, *names = sys.argv[1:]
for name in names:
    mode = 0o755 if name == "python" else 0o600
    temporary = os.path.join(directory, f".{name}.{os.getpid()}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        with open(name, "rb") as source:
            shutil.copyfileobj(source, file)
    os.chmod(temporary, mode)
    os.replace(temporary, os.path.join(directory, name))
"""


@dataclass(frozen=True)
class NotedFilesRequest:
    """Texts by file name, to lie in an append-only cache that programs find at `directory`.

    `prefix` begins the cache's name.
    """

    prefix: str
    directory: str
    files: FrozenDict[str, str]
    description: str


@dataclass(frozen=True)
class NotedFiles:
    """The append-only cache that holds the files. Its name has their hash."""

    name: str


@dataclass(frozen=True)
class MachineCache:
    """The append-only cache that holds the machine directory. Its name has its content's hash."""

    name: str


def cache_name(prefix: str, content: str) -> str:
    """The name of an append-only cache for `content`; Pants wants letters and underscores."""
    digest = hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]
    return f"{prefix}_{digest.translate(str.maketrans('0123456789', 'ghijklmnop'))}"


@rule
async def note_files(request: NotedFilesRequest) -> NotedFiles:
    noted = NotedFiles(cache_name(request.prefix, json.dumps(dict(request.files))))
    inputs = await Get(
        Digest,
        CreateDigest(
            FileContent(name, text.encode("utf-8")) for name, text in request.files.items()
        ),
    )
    await Get(
        ProcessResult,
        Process(
            argv=(sys.executable, "-c", _INSTALL, request.directory, *request.files),
            input_digest=inputs,
            append_only_caches={noted.name: request.directory},
            # The result lies outside of what Pants caches, so it is made anew at every start.
            cache_scope=ProcessCacheScope.PER_RESTART_SUCCESSFUL,
            description=request.description,
            level=LogLevel.DEBUG,
        ),
    )
    return noted


def machine_files(prefix: str, machine: Machine) -> NotedFilesRequest:
    """The machine directory with this description in it."""
    return NotedFilesRequest(
        prefix=prefix,
        directory=MACHINE_DIR,
        files=FrozenDict({"machine.json": machine.to_json(), "python": _interpreter_script()}),
        description="Noting how this machine runs Python and reaches the network",
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
