"""The goals that are run."""

from __future__ import annotations

from dataclasses import dataclass

from pants.engine.internals.options_parsing import _Options
from pants.engine.rules import rule
from pants.engine.target import Target

from lading_pants.engine.lading import Archives, LadingSubsystem
from lading_pants.errors import TargetError
from lading_pants.image.fields.image_field import ALIAS as IMAGE


@dataclass(frozen=True)
class RequestedGoals:
    """What rules can leave out because of the goals.

    Pants' own `publish` packages everything first, with the same request as `package`
    (pants#19959).
    """

    #: `publish` is the only goal; another one, such as `test`, may need the same package.
    publish_only: bool
    #: `package` is the only goal, and the user wants archives of images straight in dist/.
    archives_go_to_dist: bool

    def check_taken(self, target: Target, origin: str) -> None:
        """Raises TargetError if the `target` whose package is wanted is an image whose archive goes
        to dist/. `origin` is the beginning of the sentence, up to the target's address."""
        if self.archives_go_to_dist and target.alias == IMAGE:
            raise TargetError(
                f"{origin}, an image whose archive goes to dist/ and nowhere else, because "
                "`[lading].archives` is `dist`. Run this with `--lading-archives=package`."
            )


@rule
def find_requested_goals(options: _Options, lading: LadingSubsystem) -> RequestedGoals:
    goals = tuple(options.options.goals)
    return RequestedGoals(
        publish_only=goals == ("publish",),
        archives_go_to_dist=goals == ("package",) and lading.archives is Archives.DIST,
    )
