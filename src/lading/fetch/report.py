"""Progress reports of programs that fetch, on standard error, which Pants shows on request."""

import sys


def report(line: str) -> None:
    sys.stderr.write(line + "\n")
