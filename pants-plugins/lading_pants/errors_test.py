from __future__ import annotations

from dataclasses import dataclass

from pants.engine.rules import Get, rule
from pants.testutil.rule_runner import QueryRule, RuleRunner, engine_error

from lading_pants.errors import TargetError, in_order


@dataclass(frozen=True)
class Mistake:
    """It is found after so many steps."""

    text: str
    steps: int


@dataclass(frozen=True)
class Mistakes:
    all: tuple[Mistake, ...]


@dataclass(frozen=True)
class Right:
    pass


@rule
async def find(mistake: Mistake) -> Right:
    if mistake.steps:
        return await Get(Right, Mistake(mistake.text, mistake.steps - 1))
    raise TargetError(mistake.text)


@rule
async def find_all(mistakes: Mistakes) -> Right:
    (right, *_) = await in_order(lambda: (Get(Right, Mistake, mistake) for mistake in mistakes.all))
    return right


def test_of_two_mistakes_the_first_is_reported_though_it_is_found_last() -> None:
    runner = RuleRunner(rules=[find, find_all, QueryRule(Right, [Mistakes])])
    with engine_error(TargetError, contains="the first"):
        runner.request(Right, [Mistakes((Mistake("the first", 50), Mistake("the second", 0)))])
