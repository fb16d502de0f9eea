"""`base_image` targets in a RuleRunner."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Sequence

from pants.backend.python.subsystems.repos import PythonRepos
from pants.engine.addresses import Address
from pants.engine.rules import collect_rules
from pants.engine.target import Target
from pants.testutil.rule_runner import RuleRunner

from lading_pants.base_image import pinned_image, pulled_image
from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.engine import machine, platform, program, registry_machine

#: The target that `write_base_image` writes, and the beginning of errors about it.
ADDRESS = Address("bases", target_name="app")
SUBJECT = "`base_image` bases:app"

LOCK = "3rdparty/base-images.lock.json"


def make_runner(
    directory: Path,
    rules: Iterable[Any],
    bootstrap_args: Sequence[str] = (),
    target_types: Sequence[type[Target]] = (),
) -> RuleRunner:
    """A runner that keeps its append-only caches in `directory`."""
    modules = (machine, pinned_image, platform, program, pulled_image, registry_machine)
    return RuleRunner(
        rules=[
            *collect_rules(*modules),
            *PythonRepos.rules(),
            *rules,
        ],
        target_types=[BaseImageTarget, *target_types],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={directory}", *bootstrap_args],
    )


def write_base_image(runner: RuleRunner, image: str, **fields: str) -> None:
    arguments = "".join(f", {name}={value!r}" for name, value in fields.items())
    runner.write_files({"bases/BUILD": f"base_image(name='app', image={image!r}{arguments})"})
