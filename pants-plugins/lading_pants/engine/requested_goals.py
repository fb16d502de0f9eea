"""Which goals are run, and on what."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.internals.options_parsing import _Options
from pants.engine.rules import collect_rules, rule


@dataclass(frozen=True)
class RequestedGoals:
    """Sorted.

    Pants' own `publish` packages everything first, by the same request as `package` (pants#19959).
    What it need not have, an archive, or an image that is not published at all, can be left out by
    whoever knows the goal only.
    """

    names: tuple[str, ...]

    @property
    def publish_only(self) -> bool:
        # With others, such as `test`, somebody else may ask for the same package.
        return self.names == ("publish",)

    @property
    def package_only(self) -> bool:
        return self.names == ("package",)


@dataclass(frozen=True)
class RequestedSpecs:
    """What the command line names, as it is written, such as `//images:redis` or `::`."""

    words: tuple[str, ...]


@rule
def find_requested_goals(options: _Options) -> RequestedGoals:
    return RequestedGoals(tuple(sorted(options.options.goals)))


@rule
def find_requested_specs(options: _Options) -> RequestedSpecs:
    return RequestedSpecs(tuple(options.options.specs))


def rules():
    return collect_rules()
