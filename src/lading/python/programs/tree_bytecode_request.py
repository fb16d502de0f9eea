"""The request of `tree_bytecode_main`."""

from dataclasses import dataclass
from typing import Tuple

from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class TreeBytecodeRequest:
    """Compile the modules in `segments` (tree segments below the sandbox) that lie below one of
    `roots` (without leading slashes)."""

    segments: Tuple[str, ...]
    roots: Tuple[str, ...]
    interpreter: InterpreterFiles
