"""Finds and calls docker and podman."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum
from typing import Any, List, Mapping, NoReturn, Optional, Sequence

from lading.values.errors import LadingError

#: Environment variables of the machine that configure the engines and how they are reached.
ENGINE_VARIABLES = (
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "CONTAINER_SSHKEY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "HOME",
    "PATH",
    "TMPDIR",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)


class Engine(Enum):
    """What runs an image. `AUTO` is docker if it answers, else podman. `NONE` means namespaces."""

    AUTO = "auto"
    DOCKER = "docker"
    PODMAN = "podman"
    NONE = "none"


@dataclass(frozen=True)
class ContainerEngine:
    """`program` is the absolute path of docker's or podman's client, which gets `environment`;
    `info` is the engine's own description."""

    name: str
    program: str
    environment: Mapping[str, str]
    info: Mapping[str, Any]

    @classmethod
    def find(
        cls, wanted: Engine, environment: Mapping[str, str], otherwise: str
    ) -> "ContainerEngine":
        """Raises LadingError if no engine answers; `otherwise` says what to do without one."""
        names = ("docker", "podman") if wanted is Engine.AUTO else (wanted.value,)
        problems = []
        for name in names:
            program = shutil.which(name, path=environment.get("PATH", os.defpath))
            if program is None:
                problems.append(f"{name} is not in PATH")
                continue
            engine = cls(name, program, environment, {})
            answer = engine.attempt("info", "--format", "{{json .}}")
            info = json.loads(answer.stdout) if answer.returncode == 0 else {}
            # docker's client describes itself even without a daemon, with status 0.
            if info and not info.get("ServerErrors"):
                return cls(name, program, environment, info)
            problems.append(f"{name} does not answer ({_last_line(answer)})")
        raise LadingError(
            f"no container engine can run the image: {'; '.join(problems)}. Install or start one, "
            f"or {otherwise}."
        )

    def attempt(
        self, *arguments: str, stdin: str = "", timeout: Optional[float] = None
    ) -> "subprocess.CompletedProcess[str]":
        """Returns whatever the status is. Raises subprocess.TimeoutExpired after `timeout`
        seconds."""
        return subprocess.run(
            [self.program, *arguments],
            input=stdin,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )

    def call(self, *arguments: str) -> str:
        """Returns standard output. Raises LadingError with the engine's message if it fails."""
        called = self.attempt(*arguments)
        if called.returncode:
            raise LadingError(f"`{self.name} {arguments[0]}` failed: {called.stderr.strip()}")
        return called.stdout

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Its input can be written, and its output, which includes errors, can be read."""
        return subprocess.Popen(
            [self.program, *arguments],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def become(self, arguments: Sequence[str]) -> NoReturn:
        """Replace this process, so that the engine gets the terminal's signals and its status is
        returned."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.execve(self.program, [self.program, *arguments], dict(self.environment))


def _last_line(failed: "subprocess.CompletedProcess[str]") -> str:
    lines: List[str] = failed.stderr.strip().splitlines()
    return lines[-1] if lines else f"status {failed.returncode}"
