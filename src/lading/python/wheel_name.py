"""The names of wheels, and which Python each is for: PEP 425, PEP 427."""

import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Tuple

from lading.errors import LadingError

_LINUX = re.compile(r"(?:linux|manylinux[0-9_]+)_(?P<machine>x86_64|aarch64)")
_CPYTHON = re.compile(r"cp3([0-9]+)")


@dataclass(frozen=True)
class PythonPlatform:
    """CPython 3.`minor` on a Linux with glibc; `machine` is such as x86_64."""

    minor: int
    machine: str

    def __str__(self) -> str:
        return f"CPython 3.{self.minor} for Linux on {self.machine}"


@dataclass(frozen=True)
class WheelName:
    """`distribution` is normalised (PEP 503); the tags are sets of which one must fit each."""

    filename: str
    distribution: str
    version: str
    pythons: Tuple[str, ...]
    abis: Tuple[str, ...]
    platforms: Tuple[str, ...]

    @classmethod
    def parse(cls, filename: str) -> "WheelName":
        """LadingError for what is no wheel's name."""
        parts = filename[: -len(".whl")].split("-")
        if not filename.endswith(".whl") or len(parts) not in (5, 6):
            raise LadingError(
                f"{filename!r} is not the name of a wheel. Build the PEX anew; its parts lie in "
                "`.deps`."
            )
        python, abi, platform = (tuple(part.split(".")) for part in parts[-3:])
        distribution = re.sub(r"[-_.]+", "-", parts[0]).lower()
        return cls(filename, distribution, parts[1], python, abi, platform)

    def fits(self, python: PythonPlatform) -> bool:
        return self._fits_platform(python.machine) and self._rank_of_python(python.minor) >= 0

    def rank(self, python: PythonPlatform) -> Tuple[int, int]:
        """The greater the better, of those that fit: for this very Python before others, for the
        machine before any."""
        return self._rank_of_python(python.minor), int("any" not in self.platforms)

    def _fits_platform(self, machine: str) -> bool:
        if "any" in self.platforms:
            return True
        matches = (_LINUX.fullmatch(platform) for platform in self.platforms)
        return any(match is not None and match["machine"] == machine for match in matches)

    def _rank_of_python(self, minor: int) -> int:
        return max(
            (_rank(python, abi, minor) for python in self.pythons for abi in self.abis), default=-1
        )


def choose_wheels(names: Iterable[str], python: PythonPlatform) -> Tuple[WheelName, ...]:
    """The best wheel of each distribution, sorted. LadingError where none fits."""
    by_distribution: Dict[str, List[WheelName]] = {}
    for name in sorted(names):
        wheel = WheelName.parse(name)
        by_distribution.setdefault(wheel.distribution, []).append(wheel)
    chosen = []
    for distribution, wheels in sorted(by_distribution.items()):
        fitting = [wheel for wheel in wheels if wheel.fits(python)]
        if not fitting:
            found = ", ".join(wheel.filename for wheel in wheels)
            raise LadingError(
                f"`pex` has no wheel of {distribution} for {python}, which runs it in the image, "
                f"but {found}. Add that Python to the `complete_platforms` of the PEX, or set its "
                "`interpreter_constraints`."
            )
        chosen.append(max(fitting, key=lambda wheel: wheel.rank(python)))
    return tuple(chosen)


def _rank(python: str, abi: str, minor: int) -> int:
    """From -1, which does not fit, to 3, which is for this very Python alone."""
    if python == "py3" or python == f"py3{minor}":
        return 0 if abi == "none" else -1
    match = _CPYTHON.fullmatch(python)
    if match is None:
        return -1
    if abi == "abi3":
        return 2 if int(match[1]) <= minor else -1
    if int(match[1]) != minor:
        return -1
    return {f"cp3{minor}": 3, "none": 1}.get(abi, -1)
