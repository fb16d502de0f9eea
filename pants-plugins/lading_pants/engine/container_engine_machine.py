"""How to reach docker and podman on this machine.

It is separate from what most programs know about the machine: a change of $PATH, for example, must
not affect those.
"""

from __future__ import annotations

from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.rules import Get, rule

from lading.engines.container_engine import ENGINE_VARIABLES
from lading.runtime.machine import Machine
from lading_pants.engine.machine import MachineCache, NotedFiles, NotedFilesRequest, machine_files


class EngineMachine(MachineCache):
    """The machine directory for programs that talk to a container engine."""


@rule
async def find_engine_machine() -> EngineMachine:
    environment = await Get(EnvironmentVars, EnvironmentVarsRequest(ENGINE_VARIABLES))
    machine = Machine(environment=dict(sorted(environment.items())))
    noted = await Get(
        NotedFiles, NotedFilesRequest, machine_files("lading_engine_machine", machine)
    )
    return EngineMachine(noted.name)
