"""Make a script a store package: `python -m lading.store.script_main REQUEST`.

Reads a `ScriptRequest`; leaves `segment.tar`, `package.json` and `members.json`. The package is
the script itself: an executable file at the store path.
"""

import os
from pathlib import Path
from typing import List

from lading.program import run
from lading.store.members import members_from_json
from lading.store.script import Programs, run_from_store
from lading.store.script_request import ScriptRequest
from lading.store.write_package import write_package

_SCRIPT = Path("script")


def main(argv: List[str]) -> None:
    (request_file,) = argv
    request = ScriptRequest.from_json(Path(request_file).read_text(encoding="utf-8"))
    members = {
        entry.path: members_from_json(Path(entry.members).read_text(encoding="utf-8"))
        for entry in request.inputs
    }
    programs = Programs(
        {path: {member.path: member for member in listed} for path, listed in members.items()}
    )
    _SCRIPT.write_bytes(run_from_store(request.text, programs).encode("utf-8"))
    os.chmod(_SCRIPT, 0o755)
    write_package(_SCRIPT, request.path, tuple(members))


if __name__ == "__main__":
    run(main)
