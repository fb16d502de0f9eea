"""`./pants lading-cache`: checks whether unpacked and downloaded files on this machine are
unchanged."""

from __future__ import annotations

from pants.engine.console import Console
from pants.engine.goal import Goal, GoalSubsystem
from pants.engine.process import InteractiveProcess, InteractiveProcessResult
from pants.engine.rules import Effect, Get, goal_rule
from pants.option.option_types import BoolOption, IntOption
from pants.util.strutil import help_text, softwrap

from lading.runtime.cache_directory import CACHE_DIR
from lading.runtime.machine import MACHINE_DIR
from lading_pants.engine.machine import MachineCache
from lading_pants.engine.program import (
    CACHE_NAME,
    RUN_IN_SANDBOX,
    ProgramDigest,
    ProgramDigestRequest,
)
from lading_pants.errors import TargetError

_MODULE = "lading.cache.cache_main"


class LadingCacheSubsystem(GoalSubsystem):
    name = "lading-cache"
    help = help_text(
        """
        Check what Lading has unpacked and downloaded on this machine. Build roots, store packages
        and interpreters are compared with the digests recorded when they were unpacked; downloads
        with their own digests. The goal lists what is damaged and then exits with status 1.

        Builds check what they use anyway: for signs of a change each time, and the whole content
        once a month. Use this goal if you don't trust a disk, or to free space. It can run beside
        builds.
        """
    )

    repair = BoolOption(
        default=False,
        help=softwrap(
            """
            Remove what is damaged, unfinished or from an earlier version; builds recreate what
            they need. Waits for running builds.
            """
        ),
    )
    remove_unused_days = IntOption(
        default=None,
        help=softwrap(
            """
            Also remove what no build has used for this many days, such as 30. Waits for running
            builds.
            """
        ),
    )


class LadingCache(Goal):
    subsystem_cls = LadingCacheSubsystem
    environment_behavior = Goal.EnvironmentBehavior.LOCAL_ONLY


@goal_rule
async def check_cache(
    options: LadingCacheSubsystem, machine: MachineCache, _: Console
) -> LadingCache:
    # `_` has side effects: Pants only lets rules with such a parameter start such a process.
    days = options.remove_unused_days
    if days is not None and days < 0:
        raise TargetError(
            f"`[lading-cache].remove_unused_days` is {days}: set it to a number of days, such as "
            "30."
        )
    program = await Get(ProgramDigest, ProgramDigestRequest(_MODULE))
    result = await Effect(
        InteractiveProcessResult,
        InteractiveProcess(
            argv=(
                *RUN_IN_SANDBOX,
                _MODULE,
                "repair" if options.repair else "",
                "" if days is None else str(days),
            ),
            input_digest=program.digest,
            append_only_caches={machine.name: MACHINE_DIR, CACHE_NAME: CACHE_DIR},
        ),
    )
    return LadingCache(result.exit_code)
