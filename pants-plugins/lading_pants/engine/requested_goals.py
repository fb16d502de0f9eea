"""The goals that are run, and their specs."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.internals.options_parsing import _Options
from pants.engine.rules import rule


@dataclass(frozen=True)
class RequestedGoals:
    """Sorted.

    Pants' own `publish` packages everything first, with the same request as `package`
    (pants#19959). Only rules that know the goal can leave out what it does not need: an archive, or
    an image that is not published at all.
    """

    names: tuple[str, ...]

    @property
    def publish_only(self) -> bool:
        # With other goals, such as `test`, somebody else may ask for the same package.
        return self.names == ("publish",)

    @property
    def package_only(self) -> bool:
        return self.names == ("package",)


@dataclass(frozen=True)
class RequestedSpecs:
    """The specs on the command line as they are written, such as `//images:redis` or `::`."""

    words: tuple[str, ...]


@rule
def find_requested_goals(options: _Options) -> RequestedGoals:
    return RequestedGoals(tuple(sorted(options.options.goals)))


@rule
def find_requested_specs(options: _Options) -> RequestedSpecs:
    return RequestedSpecs(tuple(options.options.specs))
