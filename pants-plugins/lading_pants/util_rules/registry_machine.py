"""How this machine reaches image registries.

Apart from what most programs know of the machine: what changes here, such as $PATH for credential
helpers, is nothing to them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pants.base.build_root import BuildRoot
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.rules import Get, collect_rules, rule

from lading.machine import NETWORK_VARIABLES, REGISTRY_VARIABLES, Machine
from lading_pants.subsystems.lading import LadingSubsystem
from lading_pants.util_rules.machine import (
    MachineCache,
    NotedFiles,
    NotedFilesRequest,
    machine_files,
)


@dataclass(frozen=True)
class RegistryMachine:
    """The machine directory of programs that reach registries."""

    cache: MachineCache


@rule
async def find_registry_machine(lading: LadingSubsystem, build_root: BuildRoot) -> RegistryMachine:
    environment = await Get(
        EnvironmentVars, EnvironmentVarsRequest((*NETWORK_VARIABLES, *REGISTRY_VARIABLES))
    )
    machine = Machine(
        environment=dict(sorted(environment.items())),
        registry_mirrors={
            registry: (mirrors,) if isinstance(mirrors, str) else tuple(mirrors)
            for registry, mirrors in sorted(lading.registry_mirrors.items())
        },
        insecure_registries=tuple(lading.insecure_registries),
        build_root=build_root.path,
    )
    noted = await Get(
        NotedFiles, NotedFilesRequest, machine_files("lading_registry_machine", machine)
    )
    return RegistryMachine(MachineCache(noted.name))


def rules():
    return collect_rules()
