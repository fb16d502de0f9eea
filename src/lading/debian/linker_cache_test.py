import posixpath
import subprocess
from pathlib import Path
from typing import Dict, Mapping, Union

import pytest

from lading.debian.linker_cache import (
    CachedLibrary,
    LinkerCache,
    cached_libraries,
    configured_directories,
    generator,
)
from lading.store.elf import ET_DYN, sound_elf
from lading.store.elf_testing import SONAME, make_elf

TRIPLET = "x86_64-linux-gnu"


def library(name: str) -> bytes:
    return make_elf(type_=ET_DYN, strings=[(SONAME, name)])


def make(root: Path, tree: Mapping[str, Union[bytes, str]]) -> None:
    """Files, and links where the content is a text."""
    for name, content in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)


def found_in(root: Path, *directories: str) -> Dict[str, str]:
    """Paths by name."""

    def place(path: str) -> str:
        return posixpath.relpath((root / path).resolve(), root.resolve())

    found = cached_libraries(
        directories,
        place,
        lambda path: [one.name for one in (root / path).iterdir()]
        if (root / path).is_dir()
        else [],
        lambda path: sound_elf(str(root / path)),
    )
    return {one.name: one.path for one in found}


def ldconfig(*arguments: str) -> str:
    done = subprocess.run(["/sbin/ldconfig", *arguments], capture_output=True, check=True)
    return done.stdout.decode()


def version_of_libc_bin() -> str:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "libc-bin"], capture_output=True, check=True
    )
    return done.stdout.decode()


def test_the_cache_is_byte_for_byte_what_ldconfig_writes(tmp_path: Path) -> None:
    """rules_distroless#76, apko#2311."""
    make(
        tmp_path,
        {
            "etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n",
            "etc/ld.so.conf.d/fake.conf": b"# why\n/usr/lib/fake # here\n/usr/local/lib/\n",
            "lib": "usr/lib",
            "usr/lib/fake/libfakeroot-0.so": library("libfakeroot-0.so"),
            "usr/lib/fake/libfakeroot-tcp.so": library("libfakeroot-tcp.so"),
            "usr/lib/fake/libz.so.1": library("libz.so.1"),
            "usr/lib/liba.so.2": library("liba.so.2"),
            "usr/lib/liba.so.10": library("liba.so.10"),
            "usr/lib/libz.so.1": "libz.so.1.2.13",
            "usr/lib/libz.so.1.2.13": library("libz.so.1"),
            "usr/lib/libz.so": "libz.so.1.2.13",
            "usr/lib/libdev.so": "/lib/libreal.so.3",
            "usr/lib/libreal.so.3": library("libreal.so.3"),
            "usr/lib/libpython3.11.so.1": "libpython3.11.so.1.0",
            "usr/lib/libpython3.11.so.1.0": library("libpython3.11.so.1.0"),
            "usr/lib/libnowhere.so.1": "gone",
            "usr/lib/libscript.so": b"GROUP ( /lib/libc.so.6 )",
            "usr/lib/plugin.so": library("plugin.so"),
            "usr/lib/libnoname.so.5": make_elf(type_=ET_DYN),
            "usr/local/lib/libb.so.1": library("libb.so.1"),
            "var/cache/ldconfig/x": b"",
        },
    )
    ldconfig("-r", str(tmp_path))
    texts = {"etc/ld.so.conf.d/fake.conf": (tmp_path / "etc/ld.so.conf.d/fake.conf").read_text()}
    libraries = cached_libraries(
        configured_directories(texts, TRIPLET),
        lambda path: _resolved(tmp_path, path),
        lambda path: [one.name for one in (tmp_path / path).iterdir()],
        lambda path: sound_elf(str(tmp_path / path)),
    )
    cache = LinkerCache(tuple(libraries), generator(version_of_libc_bin()))
    theirs = (tmp_path / "etc/ld.so.cache").read_bytes()
    parsed = LinkerCache.parse(theirs)
    assert parsed is not None
    assert set(cache.libraries) == set(parsed.libraries)
    assert cache.to_bytes() == theirs
    assert parsed.to_bytes() == theirs


def _resolved(root: Path, path: str) -> "str | None":
    """As in a chroot."""
    place = root / path
    for _ in range(8):
        real = place.resolve()
        if root in real.parents:
            return str(real.relative_to(root)) if real.exists() else None
        place = root / str(real).lstrip("/")
    return None


def test_of_a_library_in_two_directories_the_first_comes_first(tmp_path: Path) -> None:
    first, second = (CachedLibrary("libx.so.1", 0x303, f"/{name}/libx.so.1") for name in "ba")
    (tmp_path / "cache").write_bytes(LinkerCache((first, second)).to_bytes())
    lines = ldconfig("-p", "-C", str(tmp_path / "cache")).splitlines()
    assert [line.split(" => ")[1] for line in lines if "=>" in line] == [first.path, second.path]


def test_a_base_s_cache_is_united_with_others() -> None:
    first, second = (CachedLibrary(f"lib{name}.so.1", 0x303, f"/lib/{name}") for name in "ab")
    below = LinkerCache.parse(LinkerCache((first,), "ldconfig of old").to_bytes())
    assert below is not None
    assert below.united([second, first]) == LinkerCache((first, second), "ldconfig of old")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing is known of it"),
        (b"ld.so-1.7.0" + bytes(60), "an old form"),
        (LinkerCache((CachedLibrary("a", 3, "/a"),)).to_bytes()[:60], "it is cut off"),
        (
            LinkerCache((CachedLibrary("a", 3, "/a"),), "x").to_bytes()[:-20],
            "without its extension",
        ),
    ],
)
def test_a_cache_that_is_not_understood(data: bytes, reason: str) -> None:
    assert LinkerCache.parse(data) is None, reason


def test_rules_distroless_239_what_is_no_library_is_left_out(tmp_path: Path) -> None:
    """rules_distroless#239: a linker script named .so."""
    make(
        tmp_path,
        {
            "a/libc.so": b"GROUP ( /lib/libc.so.6 )",
            "a/plugin.so": library("plugin.so"),
            "a/libarm.so.1": make_elf(machine=40, strings=[(SONAME, "libarm.so.1")]),
            "a/libx.a": b"!<arch>\n",
        },
    )
    assert found_in(tmp_path, "/a", "/none") == {}


def test_directories_are_those_of_the_files_and_the_built_in_ones() -> None:
    configurations = {
        "etc/ld.so.conf.d/x86_64-linux-gnu.conf": (
            "# Multiarch support\n/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n"
        ),
        "etc/ld.so.conf.d/fakeroot.conf": "/usr/lib/x86_64-linux-gnu/libfakeroot/ # why\n",
        "etc/ld.so.conf.d/README": "/elsewhere\n",
        "etc/ld.so.conf.d/relative.conf": "lib\n",
    }
    assert configured_directories(configurations, TRIPLET) == (
        "/usr/lib/x86_64-linux-gnu/libfakeroot",
        "/usr/local/lib/x86_64-linux-gnu",
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib",
        "/usr/lib",
    )


def test_a_rebuild_of_a_package_is_not_another_version_of_its_source() -> None:
    assert generator("2.41-12+deb13u5+b1") == (
        "ldconfig (Debian GLIBC 2.41-12+deb13u5) stable release version 2.41"
    )
