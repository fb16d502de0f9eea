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
from pants.util.logging import LogLevel

from lading.machine import MACHINE_DIR, NETWORK_VARIABLES, Machine
from lading_pants.errors import TargetError
from lading_pants.subsystems.lading import LadingSubsystem

# The directory's files, with their modes.
_MODES = {"machine.json": 0o600, "python": 0o755}

# Puts them there from the current directory, each under a temporary name first, since another
# Pants may be doing the same. They are inputs and not arguments: a proxy's address may hold a
# password, and whoever is on the machine, or reads a remote cache, sees the arguments.
_INSTALL = f"""
import os, shutil
for name, mode in {_MODES!r}.items():
    temporary = os.path.join({MACHINE_DIR!r}, f".{{name}}.{{os.getpid()}}")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        with open(name, "rb") as source:
            shutil.copyfileobj(source, file)
    os.chmod(temporary, mode)
    os.replace(temporary, os.path.join({MACHINE_DIR!r}, name))
"""


@dataclass(frozen=True)
class MachineCache:
    """The append-only cache that holds the machine directory. Its name has its content's hash."""

    name: str


def cache_name(prefix: str, content: str) -> str:
    """The name of an append-only cache for `content`; Pants wants letters and underscores."""
    digest = hashlib.sha256(content.encode("utf-8")).hexdigest()[:16]
    return f"{prefix}_{digest.translate(str.maketrans('0123456789', 'ghijklmnop'))}"


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
    files = {"machine.json": machine.to_json(), "python": _interpreter_script()}
    cache = MachineCache(cache_name("lading_machine", json.dumps(files)))
    inputs = await Get(
        Digest,
        CreateDigest(FileContent(name, text.encode("utf-8")) for name, text in files.items()),
    )
    await Get(
        ProcessResult,
        Process(
            argv=(sys.executable, "-c", _INSTALL),
            input_digest=inputs,
            append_only_caches={cache.name: MACHINE_DIR},
            # The result lies outside of what Pants caches, so it is made anew at every start.
            cache_scope=ProcessCacheScope.PER_RESTART_SUCCESSFUL,
            description="Noting how this machine runs Python and reaches the network",
            level=LogLevel.DEBUG,
        ),
    )
    return cache


def rules():
    return collect_rules()
