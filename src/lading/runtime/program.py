"""How programs in a Pants sandbox start, fail and end.

A sandbox program is a module of `lading` that calls `run(main)` at its end. It uses only the
standard library (`lading.fetch` adds `requests`), takes file names as arguments, and reads and
writes JSON and tar files below the current directory.
"""

import sys
from typing import Callable, List

from lading.runtime.cache_directory import restore_cache
from lading.runtime.full_disk import FULL, full_disk
from lading.runtime.parent_process import killed_without_parent
from lading.values.errors import LadingError

#: Exit status that means "the user can fix this; the sentence follows ERROR_MARK". It is EX_DATAERR
#: of sysexits.h.
USER_ERROR = 65

#: Begins a line of standard error; the sentence for the user follows it.
ERROR_MARK = "lading: error: "


def run(main: Callable[[List[str]], None]) -> None:
    """Call `main` with the arguments of the command line, and exit.

    A `LadingError` or a full disk becomes a sentence on standard error and status 65. Any other
    exception is a bug in Lading and keeps its traceback. The program is killed when its parent
    dies.
    """
    try:
        with killed_without_parent():
            restore_cache()
            main(sys.argv[1:])
    except LadingError as error:
        _end(str(error))
    except OSError as error:
        if error.errno not in FULL:
            raise
        _end(full_disk(error))


def _end(sentence: str) -> None:
    sys.stderr.write(f"{ERROR_MARK}{sentence}\n")
    sys.exit(USER_ERROR)


def error_sentence(stderr: str) -> str:
    """What `run` wrote after the mark, or the whole text if there is no mark.

    Only a mark at the beginning of a line counts; elsewhere it may be part of a log that the
    sentence quotes.
    """
    before, mark, sentence = f"\n{stderr}".partition(f"\n{ERROR_MARK}")
    return (sentence if mark else before).strip()
