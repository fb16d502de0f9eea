"""Stops if Pants' own docker backend is enabled too.

Both backends define `docker_image`. Pants would silently use the last one in `backend_packages`,
and the rules of the other would meet targets without their fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.core.goals.package import PackageFieldSet
from pants.engine.internals.synthetic_targets import (
    SyntheticAddressMaps,
    SyntheticTargetsRequest,
)
from pants.engine.rules import Rule, collect_rules, rule
from pants.engine.unions import UnionMembership, UnionRule

from lading_pants.errors import TargetError


@dataclass(frozen=True)
class DockerBackendCheck(SyntheticTargetsRequest):
    """Generates no targets. Pants asks for it before it returns any target of any directory."""

    path: str = SyntheticTargetsRequest.SINGLE_REQUEST_FOR_ALL_TARGETS


@rule
async def check_docker_backend(
    request: DockerBackendCheck, union_membership: UnionMembership
) -> SyntheticAddressMaps:
    # Looks at field sets rather than target types, of which Pants keeps only the last one.
    for member in union_membership.get(PackageFieldSet):
        if member.__module__.startswith("pants.backend.docker."):
            raise TargetError(
                "`lading_pants` and `pants.backend.docker` both define the target `docker_image`, "
                "and Pants would silently use one of them: remove one of the two from "
                "`[GLOBAL].backend_packages`."
            )
    return SyntheticAddressMaps()


def rules() -> Iterable[Rule | UnionRule]:
    return [*collect_rules(), *DockerBackendCheck.rules()]
