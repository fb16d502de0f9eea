import subprocess
from pathlib import Path
from typing import Dict, Mapping, Optional

from lading.debian.linker_cache import added_directories, linker_cache
from lading.store.elf import ET_DYN, Elf, sound_elf
from lading.store.elf_testing import SONAME, make_elf

TRIPLET = "x86_64-linux-gnu"


def cache_of(tmp_path: Path, libraries: Mapping[str, bytes]) -> Optional[bytes]:
    for name, content in libraries.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    def read(path: str) -> Optional[Elf]:
        return sound_elf(str(tmp_path / path))

    directories = sorted({f"/{Path(name).parent}" for name in libraries})
    return linker_cache(
        directories, lambda path: [file.name for file in (tmp_path / path).iterdir()], read
    )


def library(name: str) -> bytes:
    return make_elf(type_=ET_DYN, strings=[(SONAME, name)])


def printed(tmp_path: Path, cache: bytes) -> Dict[str, str]:
    """What the real ldconfig reads."""
    (tmp_path / "cache").write_bytes(cache)
    output = subprocess.run(
        ["/sbin/ldconfig", "-p", "-C", str(tmp_path / "cache")], capture_output=True, check=True
    ).stdout.decode()
    lines = [line.strip() for line in output.splitlines() if "=>" in line]
    return {line.split(" => ")[0]: line.split(" => ")[1] for line in lines}


def test_ldconfig_reads_the_cache_in_its_own_order(tmp_path: Path) -> None:
    """rules_distroless#76, apko#2311: the cache is there, in a stable order."""
    names = ("liba.so.2", "liba.so.10", "libfakeroot-0.so", "libfakeroot-tcp.so")
    cache = cache_of(tmp_path, {f"usr/lib/fake/{name}": library(name) for name in names})
    assert cache is not None
    found = printed(tmp_path, cache)
    assert list(found.items()) == [
        ("libfakeroot-0.so (libc6,x86-64)", "/usr/lib/fake/libfakeroot-0.so"),
        ("libfakeroot-tcp.so (libc6,x86-64)", "/usr/lib/fake/libfakeroot-tcp.so"),
        ("liba.so.10 (libc6,x86-64)", "/usr/lib/fake/liba.so.10"),
        ("liba.so.2 (libc6,x86-64)", "/usr/lib/fake/liba.so.2"),
    ]


def test_the_first_directory_with_a_library_counts(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, {"a/libx.so.1": library("x"), "b/libx.so.1": library("x")})
    assert cache is not None
    assert list(printed(tmp_path, cache).values()) == ["/a/libx.so.1"]


def test_rules_distroless_239_what_is_no_library_is_left_out(tmp_path: Path) -> None:
    """rules_distroless#239: a linker script named .so."""
    assert (
        cache_of(
            tmp_path,
            {
                "a/libc.so": b"GROUP ( /lib/libc.so.6 )",
                "a/plugin.so": library("plugin.so"),
                "a/libarm.so.1": make_elf(machine=40, strings=[(SONAME, "libarm.so.1")]),
                "a/libx.a": b"!<arch>\n",
            },
        )
        is None
    )


def test_only_directories_besides_the_standard_ones_need_a_cache() -> None:
    configurations = {
        "etc/ld.so.conf.d/x86_64-linux-gnu.conf": (
            "# Multiarch support\n/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n"
            "/usr/lib/x86_64-linux-gnu\n"
        ),
        "etc/ld.so.conf.d/fakeroot.conf": "/usr/lib/x86_64-linux-gnu/libfakeroot/ # why\n",
        "etc/ld.so.conf.d/README": "/elsewhere\n",
        "etc/ld.so.conf.d/relative.conf": "lib\n",
    }
    assert added_directories(configurations, TRIPLET) == (
        "/usr/lib/x86_64-linux-gnu/libfakeroot",
        "/usr/local/lib/x86_64-linux-gnu",
    )
