"""Ask a Python of an image for the last part of its version:

    version_main REQUEST MICRO

REQUEST is the JSON of `InterpreterFiles`. MICRO is the number, such as 2 of 3.11.2.
"""

import json
from pathlib import Path
from typing import List

from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run


def main(argv: List[str]) -> None:
    request_file, micro = argv
    files = InterpreterFiles.from_dict(json.loads(Path(request_file).read_text(encoding="utf-8")))
    assert files is not None, "the request is never null"
    interpreter = UnpackedInterpreter.of(files)
    text = interpreter.run(["-c", "import sys; print(sys.version_info[2])"])
    Path(micro).write_text(text, encoding="ascii")


if __name__ == "__main__":
    run(main)
