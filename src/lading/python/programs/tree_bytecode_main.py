"""Compile the modules of Debian packages: a part of their layer.

    tree_bytecode_main REQUEST LIBRARY SEGMENT COMPRESSED MEMBERS

REQUEST is the JSON of `TreeBytecodeRequest`, LIBRARY is the compressor's. SEGMENT is a tree segment
of bytecode, COMPRESSED its compressed form, MEMBERS the JSON of `Members`.
"""

import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

from lading.image.layers.part_files import write_part
from lading.python.bytecode import Module, compile_modules, with_directories
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class TreeBytecodeRequest:
    """Compile the modules in `segments` (tree segments below the sandbox) that lie below one of
    `roots` (without leading slashes)."""

    segments: Tuple[str, ...]
    roots: Tuple[str, ...]
    interpreter: InterpreterFiles


def main(argv: List[str]) -> None:
    request_file, library, *outputs = argv
    request = read_json(TreeBytecodeRequest, Path(request_file))
    interpreter = UnpackedInterpreter.of(request.interpreter)
    with tempfile.TemporaryDirectory(dir=".") as directory:
        scratch = Path(directory)
        modules = list(_modules(request, scratch))
        files = compile_modules(modules, interpreter, scratch)
        write_part(with_directories(files), library, outputs)


def _modules(request: TreeBytecodeRequest, scratch: Path) -> Iterator[Module]:
    """The modules; their sources are written to `scratch`."""
    roots = tuple(f"{root}/" for root in request.roots)
    number = 0
    for segment in request.segments:
        with tarfile.open(segment, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            for info in archive:
                if info.isreg() and info.name.endswith(".py") and info.name.startswith(roots):
                    content = archive.extractfile(info)
                    assert content is not None, "it is a file"
                    source = scratch / f"{number}.py"
                    source.write_bytes(content.read())
                    yield Module(info.name, source)
                    number += 1


if __name__ == "__main__":
    run(main)
