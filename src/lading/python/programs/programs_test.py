"""The programs that make the parts of services, and check them."""

import json
import tarfile
from dataclasses import asdict
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import pytest

from lading.files.entry import Entry, Members
from lading.files.kind import Kind
from lading.image.root.image_tree import ImageTree
from lading.python.app import Main
from lading.python.installed_wheel_test import make_wheel
from lading.python.interpreter_testing import TAG
from lading.python.native import NativeNeed, NativeNeeds
from lading.python.programs import app_main, needs_main, tree_bytecode_main, wheel_main
from lading.python.programs.app_main import AppRequest
from lading.python.programs.needs_main import NeedsRequest
from lading.python.programs.tree_bytecode_main import TreeBytecodeRequest
from lading.python.programs.wheel_main import WheelRequest
from lading.python.unpacked_interpreter import InterpreterFiles
from lading.store.elf_testing import NEEDED, SONAME, make_elf
from lading.tar.tree_segment import TreeFile, write_tree_segment
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json, to_json

PART = ("segment.tar", "segment.tar.gz", "members.json")
PACKAGES = "app/site-packages"
PROGRAM = "/usr/bin/python3.11"


def members(segment: str = "segment.tar") -> List[str]:
    with tarfile.open(segment) as archive:
        return archive.getnames()


def directories() -> List[str]:
    listed = from_json(Members, Path("members.json").read_text()).members
    return [member.path for member in listed if member.is_directory]


def make_wheel_part(wheel: Path, libdeflate: str, request: WheelRequest) -> None:
    Path("request.json").write_text(to_json(request))
    outputs = [*PART, "wheel.json", "needs.json"]
    wheel_main.main(["request.json", str(wheel), libdeflate, *outputs])


def test_a_wheel_becomes_files_with_bytecode(
    sandbox: Path, interpreter: InterpreterFiles, libdeflate: str
) -> None:
    wheel = make_wheel(
        sandbox / "a.whl",
        {
            "a/__init__.py": b"A = 1\n",
            "a/broken.py": b"print 1\n",
            "a/native.so": make_elf(strings=[(NEEDED, "libc.so.6"), (SONAME, "n")]),
            "a.pth": b"",
            "a-1.dist-info/entry_points.txt": b"[console_scripts]\nrun = a:main\n",
        },
    )
    make_wheel_part(wheel, libdeflate, WheelRequest(PACKAGES, PROGRAM, interpreter))
    assert members() == [
        f"{PACKAGES}/a/__init__.py",
        f"{PACKAGES}/a/__pycache__/__init__.{TAG}.pyc",
        f"{PACKAGES}/a/broken.py",
        f"{PACKAGES}/a/native.so",
        f"{PACKAGES}/a-1.dist-info/RECORD",
        f"{PACKAGES}/a-1.dist-info/entry_points.txt",
        f"{PACKAGES}/a.pth",
    ]
    assert directories() == [
        *("app", PACKAGES, f"{PACKAGES}/a", f"{PACKAGES}/a/__pycache__"),
        f"{PACKAGES}/a-1.dist-info",
    ]
    described = json.loads(Path("wheel.json").read_text())
    assert described == {"scripts": {"run": "a:main"}, "has_path_files": True}
    (need,) = read_json(NativeNeeds, Path("needs.json")).needs
    assert need == NativeNeed(f"{PACKAGES}/a/native.so", "libc.so.6")


def test_without_an_interpreter_there_is_no_bytecode(sandbox: Path, libdeflate: str) -> None:
    wheel = make_wheel(sandbox / "a.whl", {"a.py": b"A = 1\n"})
    make_wheel_part(wheel, libdeflate, WheelRequest(PACKAGES, PROGRAM, None))
    assert members() == [f"{PACKAGES}/a.py"]


def test_own_sources_become_files_with_what_starts_them(
    sandbox: Path, interpreter: InterpreterFiles, libdeflate: str
) -> None:
    (sandbox / "sources/service").mkdir(parents=True)
    (sandbox / "sources/service/main.py").write_text("def run(): pass\n")
    (sandbox / "sources/service/data.txt").write_text("data")
    request = AppRequest(
        sources="sources",
        paths=("service/data.txt", "service/main.py"),
        directory="app",
        packages=PACKAGES,
        has_path_files=False,
        main=Main("service.main", "run", ("-x",), (("A", "b"),)),
        interpreter=interpreter,
    )
    Path("request.json").write_text(to_json(request))
    assert from_json(AppRequest, to_json(request)) == request
    app_main.main(["request.json", libdeflate, *PART])
    assert members() == [
        "app/__main__.py",
        f"app/service/__pycache__/main.{TAG}.pyc",
        "app/service/data.txt",
        "app/service/main.py",
    ]
    with tarfile.open("segment.tar") as archive:
        main = archive.extractfile("app/__main__.py")
        assert main is not None and b"from service.main import run\n" in main.read()


def test_modules_of_packages_are_compiled_where_python_finds_them(
    sandbox: Path, interpreter: InterpreterFiles, libdeflate: str
) -> None:
    paths = ("usr/lib/python3/dist-packages/a.py", "usr/share/x/b.py", "usr/lib/python3x/c.py")
    with Path("package.tar").open("wb") as output:
        write_tree_segment(
            (TreeFile(Entry(path, Kind.FILE, 0o644), b"A = 1\n") for path in paths), output
        )
    roots = ("usr/lib/python3/dist-packages", "usr/lib/python3")
    request = TreeBytecodeRequest(("package.tar",), roots, interpreter)
    Path("request.json").write_text(to_json(request))
    tree_bytecode_main.main(["request.json", libdeflate, *PART])
    assert members() == [f"usr/lib/python3/dist-packages/__pycache__/a.{TAG}.pyc"]


def check(needs: Sequence[Tuple[str, str]], **fields: object) -> None:
    """Through the program, in the current directory."""
    document = NativeNeeds(tuple(NativeNeed(*need) for need in needs))
    Path("needs.json").write_text(to_json(document))
    everything: Dict[str, object] = {
        "needs": ["needs.json"],
        "wheels": [],
        "interpreter": None,
        "tree": "",
        "directories": [],
        "remedy": "Add them.",
        **fields,
    }
    Path("request.json").write_text(to_json(from_json(NeedsRequest, json.dumps(everything))))
    needs_main.main(["request.json", "checked"])
    assert Path("checked").exists()


def test_libraries_are_found_in_wheels_and_the_image(sandbox: Path) -> None:
    in_wheel = Entry("app/site-packages/a.libs/liba.so", Kind.FILE, 0o644)
    Path("wheel.json").write_text(to_json(Members((in_wheel,))))
    entries = (
        Entry("usr/lib/libc.so", Kind.FILE, 0o644),
        Entry("opt/libx.so", Kind.FILE, 0o644),
    )
    Path("tree.json").write_text(to_json(ImageTree({entry.path: entry for entry in entries})))
    offered = {
        "wheels": ["wheel.json"],
        "tree": "tree.json",
        "directories": ["usr/lib"],
    }
    check([("n.so", "liba.so"), ("n.so", "libc.so")], **offered)
    with pytest.raises(LadingError) as caught:
        check([("n.so", "libx.so")], **offered)
    assert str(caught.value) == (
        "`pex` needs libraries that are not in the image: libx.so (by /n.so). Add them."
    )


def test_what_the_store_s_python_does_not_look_for_is_missing(
    sandbox: Path, interpreter: InterpreterFiles
) -> None:
    python = asdict(interpreter)
    check([], interpreter=python)
    with pytest.raises(LadingError, match="are not in the image: libssl.so.3 "):
        check([("n.so", "libssl.so.3")], interpreter=python)
