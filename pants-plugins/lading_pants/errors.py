"""Errors in the user's input, with the target that they are in."""

from __future__ import annotations

from typing import Callable, Iterable, TypeVar

from pants.engine.rules import Get, MultiGet

from lading.values.errors import LadingError

_T = TypeVar("_T")


class TargetError(Exception):
    """One or two full sentences that begin with the target's kind and address."""


def about(subject: str, error: LadingError) -> TargetError:
    """The library's sentence after the subject, such as "`store_package` //a:b"."""
    return TargetError(f"{subject}: {error}")


async def in_order(gets: Callable[[], Iterable[Get[_T]]]) -> tuple[_T, ...]:
    """Like `MultiGet(gets())`, but of several errors it always raises that of the first `Get`,
    rather than the one that was found first. A `Get` can be awaited only once, so there must be new
    ones whenever `gets` is called.

    Pants does not remember errors, so what fails is tried again, except for the last `Get`: that
    should be the one that takes long.
    """
    try:
        return await MultiGet(gets())
    except Exception:
        *earlier, _ = gets()
        for get in earlier:
            await get
        raise
