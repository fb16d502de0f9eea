"""Ask a Python of an image for the last part of its version:

    version_main REQUEST MICRO

REQUEST is the JSON of `InterpreterFiles`. MICRO is the number, such as 2 of 3.11.2.
"""

from pathlib import Path
from typing import List

from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run
from lading.values.json_codec import read_json


def main(argv: List[str]) -> None:
    request_file, micro = argv
    files = read_json(InterpreterFiles, Path(request_file))
    assert files is not None, "the request is never null"
    interpreter = UnpackedInterpreter.of(files)
    text = interpreter.run(["-c", "import sys; print(sys.version_info[2])"])
    Path(micro).write_text(text, encoding="ascii")


if __name__ == "__main__":
    run(main)
