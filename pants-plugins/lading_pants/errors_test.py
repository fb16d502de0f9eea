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


@dataclass(frozen=True)
class Image:
    """An image on top of so many others. The lowest one can't be pulled."""

    height: int


@dataclass(frozen=True)
class Package:
    pass


_pulls: list[Image] = []


@rule
async def find_package(package: Package) -> Right:
    return Right()


@rule
async def find_image(image: Image) -> Right:
    if not image.height:
        _pulls.append(image)
        raise TargetError("the registry does not answer")
    below = Image(image.height - 1)
    (_, right) = await in_order(lambda: (Get(Right, Package()), Get(Right, Image, below)))
    return right


def test_what_fails_last_is_not_tried_again() -> None:
    runner = RuleRunner(rules=[find_image, find_package, QueryRule(Right, [Image])])
    with engine_error(TargetError, contains="the registry does not answer"):
        runner.request(Right, [Image(3)])
    assert _pulls == [Image(0)]
