"""Describes a Python of an image to PEX, which can't run it: `--complete-platform`."""

from __future__ import annotations

import json
from typing import Iterator, Optional

from packaging.tags import compatible_tags, cpython_tags

# Newer than any image's glibc, so that no wheel is refused for its glibc. Whether the image's own
# is new enough is checked with the libraries that wheels need.
_NEWEST_GLIBC_MINOR = 50

# PEP 600: the older names.
_LEGACY_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}

# A marker such as `python_full_version < "3.11.3"` asks for a backport. If the version is unknown,
# the Python is assumed to need no backports.
_LATEST_MICRO = 99


def complete_platform(minor: int, micro: Optional[int], machine: str) -> bytes:
    """CPython 3.`minor`.`micro` on a Linux with glibc; an example of `machine` is x86_64.

    Format: pex's `pex/resolve/target_options.py`. Markers (PEP 508) that only a running machine
    knows, such as its kernel's version, are empty.
    """
    version = f"3.{minor}.{_LATEST_MICRO if micro is None else micro}"
    platforms = tuple(_platforms(machine))
    tags = (
        *cpython_tags((3, minor), (f"cp3{minor}",), platforms),
        *compatible_tags((3, minor), None, platforms),
    )
    described = {
        "compatible_tags": [str(tag) for tag in tags],
        "marker_environment": {
            "implementation_name": "cpython",
            "implementation_version": version,
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": version,
            "python_version": f"3.{minor}",
            "sys_platform": "linux",
        },
    }
    return json.dumps(described, sort_keys=True).encode("ascii")


def _platforms(machine: str) -> Iterator[str]:
    """Newest first."""
    for minor in range(_NEWEST_GLIBC_MINOR, 4, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY_NAMES:
            yield f"{_LEGACY_NAMES[minor]}_{machine}"
    yield f"linux_{machine}"
