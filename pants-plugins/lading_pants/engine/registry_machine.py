"""How this machine reaches image registries.

It is separate from what most programs know about the machine: a change of $PATH, where credential
helpers are found, must not affect those.
"""

from __future__ import annotations

from pants.base.build_root import BuildRoot
from pants.engine.env_vars import EnvironmentVars, EnvironmentVarsRequest
from pants.engine.rules import Get, rule
from pants.option.global_options import GlobalOptions

from lading.registry.mirror import parse_mirrors
from lading.registry.registry_host import parse_insecure_hosts
from lading.runtime.machine import NETWORK_VARIABLES, REGISTRY_VARIABLES, Machine
from lading.values.errors import LadingError
from lading_pants.engine.lading import LadingSubsystem
from lading_pants.engine.machine import (
    MachineCache,
    NotedFiles,
    NotedFilesRequest,
    machine_files,
    wants_debug,
)
from lading_pants.errors import TargetError


class RegistryMachine(MachineCache):
    """The machine directory for programs that use registries."""


@rule
async def find_registry_machine(
    lading: LadingSubsystem, build_root: BuildRoot, options: GlobalOptions
) -> RegistryMachine:
    environment = await Get(
        EnvironmentVars, EnvironmentVarsRequest((*NETWORK_VARIABLES, *REGISTRY_VARIABLES))
    )
    try:
        machine = Machine(
            environment=dict(sorted(environment.items())),
            registry_mirrors=parse_mirrors(lading.registry_mirrors),
            insecure_registries=parse_insecure_hosts(lading.insecure_registries),
            build_root=build_root.path,
            debug=wants_debug(options),
        )
    except LadingError as error:
        raise TargetError(str(error)) from error
    noted = await Get(
        NotedFiles, NotedFilesRequest, machine_files("lading_registry_machine", machine)
    )
    return RegistryMachine(noted.name, machine.debug)
