"""Make a wheel of a PEX a part of image layers:

    wheel_main REQUEST WHEEL LIBRARY SEGMENT COMPRESSED MEMBERS WHEEL_JSON NEEDS

REQUEST is the JSON of `WheelRequest`, WHEEL is the zip file from the PEX, LIBRARY is the
compressor's. SEGMENT is a tree segment, COMPRESSED its compressed form, MEMBERS the JSON of
`Members`. WHEEL_JSON lists console scripts and path files, NEEDS the libraries that the wheel
needs but does not contain.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, List, Mapping, Optional, Tuple

from lading.image.layers.part_files import write_part
from lading.python.bytecode import Module, compile_modules, with_directories
from lading.python.installed_wheel import read_wheel
from lading.python.native import NativeNeeds, native_needs
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.tar.tree_segment import TreeFile
from lading.values.json_codec import read_json, to_json


@dataclass(frozen=True)
class WheelRequest:
    """`directory` is the wheel's directory in the image, without a leading slash; `program` is the
    absolute path of the image's Python; `interpreter` compiles the modules, if there is one."""

    directory: str
    program: str
    interpreter: Optional[InterpreterFiles]


@dataclass(frozen=True)
class WheelDescription:
    """`scripts` are the console scripts, `module:function` by name. `has_path_files` says whether
    there are `.pth` files, which `site` reads."""

    scripts: Mapping[str, str]
    has_path_files: bool


def main(argv: List[str]) -> None:
    request_file, wheel_file, library, *outputs, description, needs_file = argv
    request = read_json(WheelRequest, Path(request_file))
    with tempfile.TemporaryDirectory(dir=".") as unpacked, tempfile.TemporaryDirectory(
        dir="."
    ) as compiled:
        wheel = read_wheel(Path(wheel_file), request.program, Path(unpacked))
        files = tuple(_below(request.directory, file) for file in wheel.files)
        bytecode = _bytecode(request, files, Path(compiled))
        write_part(with_directories((*files, *bytecode)), library, outputs)
        needs = native_needs(files)
    write_whole(Path(description), to_json(WheelDescription(wheel.scripts, wheel.has_path_files)))
    write_whole(Path(needs_file), to_json(NativeNeeds(needs)))


def _below(directory: str, file: TreeFile) -> TreeFile:
    return replace(file, member=replace(file.member, path=f"{directory}/{file.member.path}"))


def _bytecode(
    request: WheelRequest, files: Iterable[TreeFile], scratch: Path
) -> Tuple[TreeFile, ...]:
    modules = [
        Module(file.member.path, file.content)
        for file in files
        if file.member.path.endswith(".py") and isinstance(file.content, Path)
    ]
    if not modules or request.interpreter is None:
        return ()
    interpreter = UnpackedInterpreter.of(request.interpreter)
    return compile_modules(modules, interpreter, scratch)


if __name__ == "__main__":
    run(main)
