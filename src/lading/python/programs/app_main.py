"""Make a service's own sources a part of a layer:

    app_main REQUEST LIBRARY SEGMENT COMPRESSED MEMBERS

REQUEST is the JSON of `AppRequest`, LIBRARY is the compressor's. SEGMENT is a tree segment,
COMPRESSED its compressed form, MEMBERS the JSON of `Members`.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.part_files import write_part
from lading.python.app import MAIN_FILE, Main, check_sources, main_source
from lading.python.bytecode import Module, compile_modules, with_directories
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run
from lading.tar.tree_segment import Content, TreeFile
from lading.values.json_codec import read_json


@dataclass(frozen=True)
class AppRequest:
    """`sources` is a directory below the sandbox, `paths` its content; other files are not allowed.

    `directory` and `packages` are the directories of sources and installed packages in the image,
    without a leading slash. `has_path_files` says whether the packages have `.pth` files.
    """

    sources: str
    paths: Tuple[str, ...]
    directory: str
    packages: str
    has_path_files: bool
    main: Main
    interpreter: Optional[InterpreterFiles]


def main(argv: List[str]) -> None:
    request_file, library, *outputs = argv
    request = read_json(AppRequest, Path(request_file))
    check_sources(request.paths)
    with tempfile.TemporaryDirectory(dir=".") as directory:
        files = (*_sources(request), *_bytecode(request, Path(directory)))
        write_part(with_directories(files), library, outputs)


def _sources(request: AppRequest) -> Tuple[TreeFile, ...]:
    directory, packages = f"/{request.directory}", f"/{request.packages}"
    text = main_source(request.main, directory, packages, request.has_path_files)
    contents: List[Tuple[str, Content]] = [
        (MAIN_FILE, text.encode("utf-8")),
        *((path, Path(request.sources, path)) for path in request.paths),
    ]
    return tuple(
        TreeFile(Entry(f"{request.directory}/{path}", Kind.FILE, 0o644), content, True)
        for path, content in contents
    )


def _bytecode(request: AppRequest, scratch: Path) -> Tuple[TreeFile, ...]:
    modules = [
        Module(f"{request.directory}/{path}", Path(request.sources, path))
        for path in request.paths
        if path.endswith(".py")
    ]
    if not modules or request.interpreter is None:
        return ()
    interpreter = UnpackedInterpreter.of(request.interpreter)
    return compile_modules(modules, interpreter, scratch)


if __name__ == "__main__":
    run(main)
