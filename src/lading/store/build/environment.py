"""The environment variables that a build script sees."""

import os
import re
from typing import Dict, Iterator, List

from lading.store.request import RealiseRequest
from lading.values.path import StorePath

#: Seconds since 1970 that builds use as the current time: 1980-01-01, the oldest date a zip file
#: can hold.
SOURCE_DATE_EPOCH = 315532800


def variable_name(package_name: str) -> str:
    """The variable with a dependency's store path: `libgcc`, or `redis_3_0` for redis-3.0."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", package_name)
    return f"_{name}" if name[:1].isdigit() else name


def build_environment(request: RealiseRequest, dynamic_linker: str) -> Dict[str, str]:
    """The variables of the build. The target's `env` takes precedence.

    `dynamic_linker` is the loader's path that programs should name, or "" for the linker's default.

    JOBS is the number of CPUs of this machine. Like Nix's NIX_BUILD_CORES, it is the only fact
    about the machine that a build sees, and it may affect nothing but the build time.
    """
    direct = [package for package in request.inputs if package.direct]
    paths = [package.path for package in direct]
    environment = {
        **_fixed_variables(),
        "out": str(request.path),
        "JOBS": str(len(os.sched_getaffinity(0))),
        "PATH": ":".join([*_below(paths, "bin"), "/usr/bin", "/usr/sbin"]),
        "LIBRARY_PATH": ":".join(_below(paths, "lib")),
        "C_INCLUDE_PATH": ":".join(_below(paths, "include")),
        "CPLUS_INCLUDE_PATH": ":".join(_below(paths, "include")),
        "PKG_CONFIG_PATH": ":".join(_below(paths, "lib/pkgconfig", "share/pkgconfig")),
        "CMAKE_PREFIX_PATH": ":".join(map(str, paths)),
        # gcc finds the linker here; it is a script that adds LADING_LDFLAGS.
        "COMPILER_PATH": "/lading/bin",
        "LADING_LDFLAGS": " ".join(_linker_flags(paths, dynamic_linker)),
        **{package.variable: str(package.path) for package in direct},
        **request.env,
    }
    return {name: value for name, value in environment.items() if value}


def _fixed_variables() -> Dict[str, str]:
    return {
        "HOME": "/build",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "SHELL": "/bin/bash",
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "TERM": "dumb",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
        "USER": "builder",
        "src": "/build/source",
        "sources": "/lading/sources",
    }


def _linker_flags(paths: List[StorePath], dynamic_linker: str) -> Iterator[str]:
    for directory in _below(paths, "lib"):
        yield f"-rpath {directory}"
    if dynamic_linker:
        yield f"-dynamic-linker {dynamic_linker}"


def _below(paths: List[StorePath], *directories: str) -> Iterator[str]:
    for path in paths:
        for directory in directories:
            yield f"{path}/{directory}"
