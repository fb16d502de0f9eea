"""What `wheel_main` makes a part of."""

from dataclasses import dataclass
from typing import Optional

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class WheelRequest:
    """`directory` is where the wheel goes in the image, without a leading slash; `program` is the
    absolute path of the image's Python; `interpreter` compiles the modules, if there is one."""

    directory: str
    program: str
    interpreter: Optional[InterpreterFiles]
