"""How long a build may take, and how much it may write.

Limits are in no derivation and in no cache key: another limit rebuilds nothing, and what was built
under a higher one stays built. They lie in a directory that Pants links into the sandbox, as what
`lading.runtime.machine` has; on a remote worker, which has no such directory, they are the
defaults.
"""

from dataclasses import dataclass
from pathlib import Path

from lading.values.errors import LadingError
from lading.values.json_codec import read_json

#: Where the sandbox sees the directory with `LIMITS_FILE`.
LIMITS_DIR = ".lading/limits"
LIMITS_FILE = "limits.json"


class LimitError(LadingError):
    """A build went beyond a limit, and was ended."""


@dataclass(frozen=True)
class Limits:
    """The defaults are beyond all honest builds: browsers and compilers under emulation included.

    `timeout` is in seconds; `max_log_size` is the most bytes that a build may print, and
    `max_disk_size` those that its files may take on disk while it runs.
    """

    timeout: int = 48 * 60 * 60
    max_log_size: int = 10**9
    max_disk_size: int = 200 * 10**9

    @classmethod
    def load(cls, directory: str = LIMITS_DIR) -> "Limits":
        path = Path(directory, LIMITS_FILE)
        if not path.exists():
            return cls()
        return read_json(cls, path)

    def check_time(self, seconds: float) -> None:
        if seconds > self.timeout:
            raise LimitError(
                f"the build was still running after {self.timeout:,} s, and was stopped: if it "
                "needs longer, raise `timeout`, or `[lading].build_timeout` for all packages."
            )

    def check_log(self, size: int) -> None:
        if size > self.max_log_size:
            raise LimitError(
                f"the build printed more than {self.max_log_size:,} bytes, and was stopped: make "
                "it print less, or raise `max_log_size`, or `[lading].max_build_log_size` for "
                "all packages."
            )

    def check_disk(self, size: int) -> None:
        if size > self.max_disk_size:
            raise LimitError(
                f"the build's files take more than {self.max_disk_size:,} bytes on disk, and it "
                "was stopped: make it write less, or raise `max_disk_size`, or "
                "`[lading].max_build_disk_size` for all packages."
            )

    def check_output(self, size: int) -> None:
        """`size` counts holes of files: the package has zeros in their place."""
        if size > self.max_disk_size:
            raise LimitError(
                f"the files in $out have {size:,} bytes, counting the holes of sparse files, but "
                f"the limit is {self.max_disk_size:,}: make `script` leave less there, or raise "
                "`max_disk_size`, or `[lading].max_build_disk_size` for all packages."
            )
