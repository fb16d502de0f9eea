"""Fuzzes what reads answers of registries and indexes, or what mirrors of Debian have.

    python3 benchmarks/fuzz_network.py registry|debian [SECONDS [FIRST]]

Runs the inputs FIRST, FIRST + 1 and so on, each the same every time. An input must be accepted, or
refused with a sentence that is short, printable and soon there. Everything else is a failure, which
is printed with the input's number; the status is 1 then. Nothing is sent to other machines.
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

from fuzz_answers import AnswerFuzzer  # noqa: E402
from fuzz_archive import ArchiveFuzzer  # noqa: E402

from lading.network.faults import UnavailableError  # noqa: E402
from lading.values.errors import LadingError  # noqa: E402

#: What one input may take, in bytes and seconds.
MEMORY, TIME = 3 << 30, 20

LONGEST_SENTENCE = 3000


def main() -> int:
    kind = sys.argv[1]
    seconds, first = [int(text) for text in sys.argv[2:]] + [600, 0][len(sys.argv) - 2 :]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts: "Counter[str]" = Counter()
    end, number = time.monotonic() + seconds, first
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        fuzz = {"registry": AnswerFuzzer, "debian": ArchiveFuzzer}[kind](Path(directory))
        while number == first or time.monotonic() < end:
            counts[run(number, fuzz)] += 1
            number += 1
    for outcome, count in sorted(counts.items()):
        print(f"{count:9} {outcome}")
    print(f"{number - first:9} inputs, {first} to {number - 1}")
    return int(any("failed" in outcome for outcome in counts))


def run(number: int, fuzz: "AnswerFuzzer | ArchiveFuzzer") -> str:
    """The outcome of one input."""
    signal.alarm(TIME)
    try:
        kind = fuzz.prepare(random.Random(number))
        try:
            fuzz.run()
        except (LadingError, UnavailableError) as error:
            text = str(error)
            assert len(text) < LONGEST_SENTENCE, f"{len(text)} characters: {text[:300]}"
            assert text.replace("\n", "").isprintable(), f"not printable: {text!r}"
            return f"{kind} refused"
        return f"{kind} accepted"
    except Exception:
        print(f"input {number} failed:\n{traceback.format_exc()[-3000:]}", flush=True)
        return "failed"
    finally:
        signal.alarm(0)


def too_long(*_: object) -> None:
    raise TimeoutError(f"more than {TIME} seconds")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, too_long)
    sys.exit(main())
