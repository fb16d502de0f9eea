"""Tests with the Python that runs the tests in the layers of an image."""

import gzip
import json
import sys
import tarfile
from pathlib import Path
from typing import Dict, List, Sequence

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.image_tree import ImageTree
from lading.python.interpreter_testing import VERSION, segment_file
from lading.python.programs import base_interpreter_main
from lading.python.programs.base_interpreter_main import BaseInterpreterRequest
from lading.python.unpacked_interpreter import InterpreterFiles, UnpackedInterpreter
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.json_codec import to_json

_TYPES = {tarfile.SYMTYPE: Kind.SYMLINK, tarfile.REGTYPE: Kind.FILE, tarfile.LNKTYPE: Kind.FILE}


def taken(layers: Sequence[Path], program: str, links: Dict[str, str]) -> List[str]:
    """What is extracted from an image with these layers and the additional symlinks `links`."""
    entries = {path: Entry.symlink(path, target) for path, target in links.items()}
    entries["usr/lib/test"] = Entry.directory("usr/lib/test")
    blobs = []
    for layer in layers:
        with tarfile.open(layer) as archive:
            for info in archive:
                entry = Entry(info.name, _TYPES[info.type], 0o755, target=info.linkname)
                entries[info.name] = entry
        blobs.append(f"{layer.name}.blob")
        Path(blobs[-1]).write_bytes(gzip.compress(layer.read_bytes() + END_OF_ARCHIVE, 1))
    Path("tree.json").write_text(to_json(ImageTree(entries)))
    directories = ("lib/test", "usr/local/lib")
    request = BaseInterpreterRequest(
        program, sys.version_info.minor, directories, tuple(blobs), "tree.json"
    )
    Path("request.json").write_text(to_json(request))
    base_interpreter_main.main(["request.json", "no libzstd", "taken.tar"])
    if Path("taken.tar").stat().st_size == 0:
        return []
    with tarfile.open("taken.tar") as archive:
        return archive.getnames()


@pytest.mark.parametrize("program", ["usr/bin/python3", "opt/venv/bin/python3"])
def test_what_compiles_modules_is_taken_through_links(
    sandbox: Path, interpreter: InterpreterFiles, program: str
) -> None:
    links = {"lib": "usr/lib", "opt/venv/bin/python3": "/usr/bin/python3"}
    names = taken([Path(interpreter.segments[0].path)], program, links)
    assert program in names
    assert f"{program[: -len('/bin/python3')]}/lib/python{VERSION}/json/decoder.py" in names
    assert any(name.startswith("lib/ld-linux") for name in names)
    python = UnpackedInterpreter.of(InterpreterFiles(program, (segment_file(Path("taken.tar")),)))
    assert json.loads(python.run(["-c", "import json, py_compile; print(json.dumps([1]))"])) == [1]


def test_of_a_file_in_several_layers_the_last_is_taken(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    module = f"usr/lib/python{VERSION}/json/decoder.py"
    others = (f"usr/lib/python{VERSION}/site-packages/a.py", "usr/lib/test/libunneeded.so.1")
    with Path("above.tar").open("wb") as output:
        files = [TreeFile(Entry(path, Kind.FILE, 0o644), b"above") for path in (module, *others)]
        files.append(TreeFile(Entry(f"{module[:-3]}2.py", Kind.FILE, 0o644, hardlink=module)))
        write_tree_segment(files, output)
    layers = [Path(interpreter.segments[0].path), Path("above.tar")]
    names = taken(layers, "usr/bin/python3", {"lib": "usr/lib"})
    with tarfile.open("taken.tar") as archive:
        for path in (module, f"{module[:-3]}2.py"):
            content = archive.extractfile(path)
            assert content is not None and content.read() == b"above"
    assert not {*others, "lib/libunneeded.so.1"} & set(names)


@pytest.mark.parametrize("program", ["usr/bin/python9", "usr/bin"])
def test_nothing_is_taken_where_no_program_is(
    sandbox: Path, interpreter: InterpreterFiles, program: str
) -> None:
    assert taken([Path(interpreter.segments[0].path)], program, {}) == []
