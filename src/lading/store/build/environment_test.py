import os
from dataclasses import replace
from typing import Dict

import pytest

from lading.store.build.environment import build_environment, variable_name
from lading.store.request import InputPackage, RealiseRequest
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "redis-7")
GLIBC = InputPackage(StorePath("1" * 32, "glibc-2.36"), "a/segment.tar", "a" * 64, True, "glibc")
LUA = InputPackage(StorePath("2" * 32, "lua-5"), "b/segment.tar", "b" * 64, True, "lua")
DEEP = InputPackage(StorePath("3" * 32, "deep-1"), "c/segment.tar", "c" * 64, False, "")

REQUEST = RealiseRequest(
    path=OUT,
    script="",
    env={},
    strip="all",
    source=None,
    further_sources=(),
    patches=(),
    inputs=(),
    debs={},
    alternatives={},
)


def environment(**fields: object) -> Dict[str, str]:
    return build_environment(replace(REQUEST, **fields), "")  # type: ignore[arg-type]


def test_without_dependencies_all_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "1")
    cpus = len(os.sched_getaffinity(0))
    assert environment() == {
        "COMPILER_PATH": "/lading/bin",
        "HOME": "/build",
        "JOBS": str(cpus),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/usr/sbin",
        "SHELL": "/bin/bash",
        "SOURCE_DATE_EPOCH": "315532800",
        "TERM": "dumb",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
        "USER": "builder",
        "out": str(OUT),
        "sources": "/lading/sources",
        "src": "/build/source",
    }


def test_direct_dependencies_are_searched_in_their_order() -> None:
    found = environment(inputs=(LUA, GLIBC, DEEP))
    lua, glibc = f"/store/{'2' * 32}-lua-5", f"/store/{'1' * 32}-glibc-2.36"
    assert (found["lua"], found["glibc"]) == (lua, glibc)
    assert found["PATH"] == f"{lua}/bin:{glibc}/bin:/usr/bin:/usr/sbin"
    assert found["LIBRARY_PATH"] == f"{lua}/lib:{glibc}/lib"
    assert (
        found["C_INCLUDE_PATH"] == found["CPLUS_INCLUDE_PATH"] == f"{lua}/include:{glibc}/include"
    )
    assert found["PKG_CONFIG_PATH"].split(":")[:2] == [
        f"{lua}/lib/pkgconfig",
        f"{lua}/share/pkgconfig",
    ]
    assert found["CMAKE_PREFIX_PATH"] == f"{lua}:{glibc}"
    assert found["LADING_LDFLAGS"] == f"-rpath {lua}/lib -rpath {glibc}/lib"


def test_packages_that_dependencies_need_give_no_variable() -> None:
    assert not any("deep" in value for value in environment(inputs=(DEEP,)).values())


def test_the_dynamic_linker_is_the_stores() -> None:
    found = build_environment(REQUEST, "/store/x-glibc/lib/ld.so")
    assert found["LADING_LDFLAGS"] == "-dynamic-linker /store/x-glibc/lib/ld.so"


def test_the_targets_env_wins_and_can_take_away() -> None:
    found = environment(env={"PATH": "/x", "glibc": "mine", "TERM": ""}, inputs=(GLIBC,))
    assert (found["PATH"], found["glibc"]) == ("/x", "mine")
    assert "TERM" not in found


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("libgcc", "libgcc"),
        ("libstdc++", "libstdc__"),
        ("redis-3.0", "redis_3_0"),
        ("7zip", "_7zip"),
        ("a=b?c", "a_b_c"),
    ],
)
def test_the_variable_of_a_package(name: str, variable: str) -> None:
    assert variable_name(name) == variable
