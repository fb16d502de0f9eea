"""Errors in the user's input, with the target that they are in."""

from __future__ import annotations

from lading.values.errors import LadingError


class TargetError(Exception):
    """One or two full sentences that begin with the target's kind and address."""


def about(subject: str, error: LadingError) -> TargetError:
    """The library's sentence after the subject, such as "`store_package` //a:b"."""
    return TargetError(f"{subject}: {error}")
