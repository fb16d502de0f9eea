"""How long a build may take, and how much it may write.

Limits are not part of derivations or cache keys: changing one rebuilds nothing, and what was built
under a higher limit stays valid. They are in a directory that Pants links into the sandbox, like
that of `lading.runtime.machine`. A remote worker has no such directory, and uses the defaults.
"""

from dataclasses import dataclass
from pathlib import Path

from lading.values.errors import LadingError
from lading.values.json_codec import read_json

#: The path in the sandbox of the directory with `LIMITS_FILE`.
LIMITS_DIR = ".lading/limits"
LIMITS_FILE = "limits.json"


class LimitError(LadingError):
    """A build exceeded a limit, and was stopped."""


@dataclass(frozen=True)
class Limits:
    """The defaults exceed all honest builds, including browsers, and compilers under emulation.

    `timeout` is in seconds. `max_log_size` is the most bytes that a build may print,
    `max_disk_size` the most that its files may take on disk while it runs.
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
        """`size` includes the holes of files: the package has zeros in their place."""
        if size > self.max_disk_size:
            raise LimitError(
                f"the files in $out have {size:,} bytes, counting the holes of sparse files, but "
                f"the limit is {self.max_disk_size:,}: make `script` leave less there, or raise "
                "`max_disk_size`, or `[lading].max_build_disk_size` for all packages."
            )
