"""What `app_main` makes a part of."""

from dataclasses import dataclass
from typing import Optional, Tuple

from lading.python.app import Main
from lading.python.unpacked_interpreter import InterpreterFiles


@dataclass(frozen=True)
class AppRequest:
    """`sources` is a directory below the sandbox, `paths` what is in it; there may be no more.

    `directory` and `packages` are where sources and installed packages go in the image, without a
    leading slash. `has_path_files`: there are `.pth` files among the packages.
    """

    sources: str
    paths: Tuple[str, ...]
    directory: str
    packages: str
    has_path_files: bool
    main: Main
    interpreter: Optional[InterpreterFiles]
