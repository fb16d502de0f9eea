"""Bytecode of modules, compiled by the Python that runs them.

Without it, each start of a container compiles all modules again, because its files are lost, or
can't be written at all. Python does not check whether this bytecode is out of date: image tools
change times, so these say nothing, and comparing hashes takes longer than comparing times in a
virtual environment.
"""

import json
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.python.unpacked_interpreter import UnpackedInterpreter
from lading.tar.tree_segment import TreeFile

_CACHE = "__pycache__"

# Runs in the image's Python, of any version. Files that this Python can't compile are left alone:
# packages contain templates, and files for other versions.
_COMPILE = """
import json, py_compile, sys
with open(sys.argv[1], encoding="utf-8") as file:
    jobs = json.load(file)
done = []
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for source, shown, compiled in jobs:
    try:
        py_compile.compile(source, compiled, shown, doraise=True, invalidation_mode=mode)
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError):
        continue
    done.append(compiled)
json.dump([sys.implementation.cache_tag, done], sys.stdout)
"""


@dataclass(frozen=True)
class Module:
    """A module's source in the image, and its path here."""

    path: str
    source: Path


def compile_modules(
    modules: Iterable[Module], interpreter: UnpackedInterpreter, scratch: Path
) -> Tuple[TreeFile, ...]:
    """The bytecode files of all modules that can be compiled. `scratch` is a directory of the
    caller that outlives them."""
    ordered = sorted(modules, key=lambda module: module.path)
    places = {str(scratch / f"{number}.pyc"): module for number, module in enumerate(ordered)}
    jobs = [
        [str(module.source.absolute()), f"/{module.path}", place]
        for place, module in places.items()
    ]
    listing = scratch / "modules.json"
    listing.write_text(json.dumps(jobs), encoding="utf-8")
    tag, done = json.loads(interpreter.run(["-c", _COMPILE, str(listing)]))
    return tuple(_file(places[place].path, tag, Path(place)) for place in done)


def is_bytecode(path: str) -> bool:
    return path.endswith((".pyc", ".pyo")) or _CACHE in path.split("/")


def _file(path: str, tag: str, place: Path) -> TreeFile:
    """PEP 3147"""
    directory, name = posixpath.split(path)
    stem = name[: -len(".py")]
    compiled = posixpath.join(directory, _CACHE, f"{stem}.{tag}.pyc")
    return TreeFile(Entry(compiled, Kind.FILE, 0o644), place)


def with_directories(files: Iterable[TreeFile]) -> List[TreeFile]:
    """`files` with all directories above them, in the default mode."""
    found: Dict[str, TreeFile] = {file.member.path: file for file in files}
    for path in list(found):
        while path := posixpath.dirname(path):
            found.setdefault(path, TreeFile(Entry(path, Kind.DIRECTORY, 0o755)))
    return list(found.values())
