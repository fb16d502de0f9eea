"""Where this machine's own facts are put so that no cache key sees them (see `lading.machine`)."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lading.machine import MACHINE_DIR, NETWORK_VARIABLES, Machine
from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.fs import CreateDigest, Digest, FileContent
from pants.engine.process import Process, ProcessCacheScope, ProcessResult
from pants.engine.rules import Get, collect_rules, rule
from pants.option.option_types import StrListOption
from pants.option.subsystem import Subsystem
from pants.util.logging import LogLevel

# Writes the directory's files from the first argument, each under a temporary name first, since
# another Pants may be doing the same.
_INSTALL = f"""
import json, os, sys
for name, text, mode in json.loads(sys.argv[1]):
    temporary = os.path.join({MACHINE_DIR!r}, f".{{name}}.{{os.getpid()}}")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, mode)
    os.replace(temporary, os.path.join({MACHINE_DIR!r}, name))
"""


class LadingSubsystem(Subsystem):
    options_scope = "lading"
    help = "Store packages and container images."

    debian_mirrors = StrListOption(
        help=(
            "Base URLs of Debian archives, which contain `pool/` and `dists/`. They are tried "
            "before those of the machine's own apt configuration. Which one a file comes from "
            "does not matter: files are checked by digest."
        ),
    )


@dataclass(frozen=True)
class MachineCache:
    """The append-only cache that holds the machine directory. Its name has its content's hash."""

    name: str


def _interpreter_script() -> str:
    """Runs the interpreter that Pants itself runs on, which has `requests`."""
    try:
        import requests

        library = str(Path(requests.__file__).parent.parent)
    except ImportError:
        library = ""
    # An interpreter of a virtual environment finds its own libraries; a plugin that was resolved
    # by `[GLOBAL].plugins` lies elsewhere.
    search = f"PYTHONPATH={json.dumps(library)}:. " if library not in sys.path[:1] else ""
    return f'#!/bin/sh\n{search}exec {json.dumps(sys.executable)} "$@"\n'


@rule
async def find_machine(lading: LadingSubsystem, repos: PythonRepos) -> MachineCache:
    environment = await Get(EnvironmentVars, EnvironmentVarsRequest(NETWORK_VARIABLES))
    machine = Machine(
        environment=dict(sorted(environment.items())),
        python_indexes=tuple(repos.indexes),
        python_find_links=tuple(repos.find_links),
        debian_mirrors=tuple(lading.debian_mirrors),
    )
    files = [
        ("machine.json", machine.to_json(), 0o600),
        ("python", _interpreter_script(), 0o755),
    ]
    fingerprint = hashlib.sha256(json.dumps([files, os.getuid()]).encode()).hexdigest()[:16]
    cache = MachineCache(f"lading_machine_{fingerprint}")
    await Get(
        ProcessResult,
        Process(
            argv=(sys.executable, "-c", _INSTALL, json.dumps(files)),
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
