"""The request of `wheel_main`, and its description of the wheel."""

from dataclasses import dataclass
from typing import Mapping, Optional

from lading.python.unpacked_interpreter import InterpreterFiles


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
