"""What `app_main` makes a part of."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional, Tuple

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

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "AppRequest":
        fields: Dict[str, Any] = json.loads(text)
        return cls(
            sources=fields["sources"],
            paths=tuple(fields["paths"]),
            directory=fields["directory"],
            packages=fields["packages"],
            has_path_files=fields["has_path_files"],
            main=Main.from_dict(fields["main"]),
            interpreter=InterpreterFiles.from_dict(fields["interpreter"]),
        )
