"""Prints how long the names in the guest book are: a job for a scheduler."""

import os
import sys

import numpy as np
from guestbook.server import names


def summary(guests: "list[str]") -> str:
    lengths = np.array([len(name) for name in guests])
    if not lengths.size:
        return "no guests"
    return f"{lengths.size} guests, {lengths.mean():.1f} letters each, at most {lengths.max()}"


def main() -> None:
    sys.stdout.write(summary(names(os.environ["DATABASE"])) + "\n")
