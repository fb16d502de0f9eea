"""The options of Lading."""

from __future__ import annotations

from pants.option.option_types import StrListOption, StrOption
from pants.option.subsystem import Subsystem


class LadingSubsystem(Subsystem):
    options_scope = "lading"
    help = "Store packages and container images made of them."

    build_root = StrOption(
        default="//3rdparty/stdenv",
        help="The `build_root` target of store packages that don't name one.",
    )
    debian_mirrors = StrListOption(
        help=(
            "Base URLs of Debian archives, which contain `pool/` and `dists/`. They are tried "
            "before those of the machine's own apt configuration. Which one a file comes from "
            "does not matter: files are checked by digest."
        ),
    )
