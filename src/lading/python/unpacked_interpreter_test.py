"""None"""

from pathlib import Path
from typing import Sequence, Tuple

import pytest

from lading.python.unpacked_interpreter import inherited_libraries
from lading.store.elf import read_elf
from lading.store.elf_testing import RPATH, RUNPATH, make_elf


@pytest.mark.parametrize(
    ("strings", "libraries"),
    [
        ([(RPATH, "/store/python/lib:/store/zlib/lib:/store/gone/lib")], ("liba.so", "libz.so")),
        ([(RPATH, "/store/python/lib"), (RUNPATH, "/store/zlib/lib")], ()),
        ([(RUNPATH, "/store/zlib/lib")], ()),
        ([], ()),
    ],
)
def test_modules_find_what_is_on_the_program_s_path_alone(
    tmp_path: Path, strings: Sequence[Tuple[int, str]], libraries: Tuple[str, ...]
) -> None:
    for path in ("python/lib/liba.so", "zlib/lib/libz.so", "openssl/lib/libssl.so"):
        file = tmp_path / "store" / path
        file.parent.mkdir(parents=True)
        file.write_text("")
    (tmp_path / "python").write_bytes(make_elf(strings=strings))
    assert inherited_libraries(read_elf(str(tmp_path / "python")), tmp_path) == libraries
