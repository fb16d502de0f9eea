"""The Python that runs the tests, in the form of files of an image."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Tuple

from lading.cache.unpacked_segments import SegmentFile
from lading.files.entry import Entry
from lading.files.kind import LINK_MODE, Kind
from lading.python.unpacked_interpreter import InterpreterFiles
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.digest import Sha256

VERSION = f"3.{sys.version_info.minor}"

#: The tag in names of bytecode files.
TAG = f"cpython-3{sys.version_info.minor}"

# What compiling modules needs.
_PACKAGES = ("collections", "encodings", "importlib", "json", "re")


def interpreter_files(directory: Path) -> InterpreterFiles:
    """In a segment below `directory`, at usr/bin/python3.<minor>."""
    segment = directory / "interpreter.tar"
    with segment.open("wb") as output:
        write_tree_segment(_files(), output)
    return InterpreterFiles(f"usr/bin/python{VERSION}", (segment_file(segment),))


def segment_file(path: Path) -> SegmentFile:
    return SegmentFile(str(path), Sha256.of_file(path).hex)


def _files() -> Iterator[TreeFile]:
    program = Path(sys.base_prefix, "bin", f"python{VERSION}").resolve()
    yield _file(f"usr/bin/python{VERSION}", program)
    # For other libraries, the loader gets their directories.
    listed = subprocess.run(["ldd", str(program)], capture_output=True, check=True, text=True)
    for path in sorted(set(re.findall(r"(/\S+) \(0x", listed.stdout))):
        yield _file(f"usr/lib/test/{Path(path).name}", Path(path).resolve())
    modules = Path(sys.base_prefix, "lib", f"python{VERSION}")
    for path in sorted(modules.glob("*.py")):
        yield _file(f"usr/lib/python{VERSION}/{path.name}", path)
    for package in _PACKAGES:
        for path in sorted((modules / package).rglob("*.py")):
            yield _file(f"usr/lib/python{VERSION}/{path.relative_to(modules)}", path)
    # Links in an image may be absolute.
    yield TreeFile(_link("usr/bin/python3", f"/usr/bin/python{VERSION}"))


def _file(path: str, source: Path) -> TreeFile:
    mode = 0o755 if path.startswith("usr/bin") or ".so" in path else 0o644
    return TreeFile(Entry(path, Kind.FILE, mode), source)


def _link(path: str, target: str) -> Entry:
    return Entry(path, Kind.SYMLINK, LINK_MODE, target=target)


def text_of(files: "Tuple[TreeFile, ...]", path: str) -> bytes:
    """The bytes of the file at `path`."""
    (found,) = [file for file in files if file.member.path == path]
    content = found.content
    return content.read_bytes() if isinstance(content, Path) else bytes(content)
