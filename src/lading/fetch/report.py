"""What programs that fetch tell of their way, on standard error, which Pants shows on request."""

import sys


def report(line: str) -> None:
    sys.stderr.write(line + "\n")
