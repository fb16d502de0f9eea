"""The request of `app_main`."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.python.app import Main
from lading.python.unpacked_interpreter import InterpreterFiles


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
