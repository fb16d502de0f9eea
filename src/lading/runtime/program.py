"""How the programs that run inside a Pants sandbox start, fail and end.

A sandbox program is a module of `lading` that calls `run(main)` at its bottom. It uses the
standard library only (`lading.fetch` adds `requests`), takes file names as arguments, and reads
and writes JSON and tar files below the current directory.
"""

import sys
from typing import Callable, List

from lading.runtime.cache_directory import restore_cache
from lading.runtime.full_disk import FULL, full_disk
from lading.runtime.parent_process import killed_without_parent
from lading.values.errors import LadingError

#: Exit status that means "the user can mend this; the sentence stands behind ERROR_MARK".
#: EX_DATAERR of sysexits.h.
USER_ERROR = 65

#: Starts the line of standard error from which on the sentence for the user follows.
ERROR_MARK = "lading: error: "


def run(main: Callable[[List[str]], None]) -> None:
    """Call `main` with the arguments of the command line and exit.

    A `LadingError` becomes its sentence on standard error and status 65, and so does a full disk;
    any other exception is a fault of ours and keeps its traceback. The program is killed when who
    started it dies.
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
    """What `run` wrote behind the mark, or the whole text if there is none.

    The mark begins a line; within one it may be part of a log that the sentence quotes.
    """
    before, mark, sentence = f"\n{stderr}".partition(f"\n{ERROR_MARK}")
    return (sentence if mark else before).strip()
