"""Fuzzes what reads base images: layers, manifests, indexes and configs.

    python3 benchmarks/fuzz_base.py [SECONDS [FIRST]]

Runs the inputs FIRST, FIRST + 1 and so on, each the same every time. An input must be accepted, or
refused with a sentence. Of the layers that are accepted some are unpacked, too: that must make the
tree that their listings make, and nothing outside of it. Everything else is a failure, which is
printed with the input's number; the status is 1 then.

Run it as root or as a user with subordinate ids. libzstd comes from the Debian archive.
"""

import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from fuzz_documents import fuzz_documents  # noqa: E402
from fuzz_layers import fuzz_layers  # noqa: E402

from lading.values.errors import LadingError  # noqa: E402

#: What one input may take, in bytes and seconds.
MEMORY, TIME = 2 << 30, 30


def main() -> int:
    seconds, first = [int(text) for text in sys.argv[1:]] + [600, 0][len(sys.argv) - 1 :]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts: "Counter[str]" = Counter()
    end, number = time.monotonic() + seconds, first
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        while number == first or time.monotonic() < end:
            counts[run(number, Path(directory))] += 1
            number += 1
    for outcome, count in sorted(counts.items()):
        print(f"{count:9} {outcome}")
    print(f"{number - first:9} inputs, {first} to {number - 1}")
    return int(any("failed" in outcome for outcome in counts))


def run(number: int, directory: Path) -> str:
    """The outcome of one input."""
    rng = random.Random(number)
    kind, fuzz = ("layers", fuzz_layers) if number % 2 else ("documents", fuzz_documents)
    signal.alarm(TIME)
    try:
        return f"{kind} {fuzz(rng, directory)}"
    except LadingError as error:
        assert str(error).endswith("."), f"no sentence: {error}"
        return f"{kind} refused"
    except Exception:
        print(f"input {number} failed:\n{traceback.format_exc()}", flush=True)
        return f"{kind} failed"
    finally:
        signal.alarm(0)


def too_long(*_: object) -> None:
    raise TimeoutError(f"more than {TIME} seconds")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, too_long)
    sys.exit(main())
