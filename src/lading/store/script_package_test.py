import os
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.cache.unpacked_segments import SegmentFile, unpack_segments
from lading.files.entry import Entry, Members
from lading.files.kind import Kind
from lading.store.build.write_package import write_package
from lading.store.script_package import ScriptPackage
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading.values.path import StorePath

BASH = StorePath("b" * 32, "bash-5.2")
COREUTILS = StorePath("c" * 32, "coreutils-9.1")
SCRIPT = StorePath("s" * 32, "entrypoint.sh")

PACKAGES = {
    BASH: (Entry("bin", Kind.DIRECTORY, 0o555), Entry("bin/bash", Kind.FILE, 0o555)),
    COREUTILS: (Entry("", Kind.DIRECTORY, 0o555),),
}


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def make(text: str) -> ScriptPackage:
    return ScriptPackage.of(text, SCRIPT, PACKAGES)


texts = st.lists(
    st.one_of(st.text(max_size=600), st.sampled_from([str(BASH), COREUTILS.hash, BASH.hash[1:]]))
).map("".join)


@given(texts)
def test_it_is_what_a_build_that_leaves_the_script_would_give(text: str) -> None:
    script = f"#!{BASH}/bin/bash\n{text}"
    made = make(script)
    with tempfile.TemporaryDirectory() as directory:
        before = os.getcwd()
        os.chdir(directory)
        try:
            file = Path("script")
            file.write_bytes(script.encode("utf-8"))
            file.chmod(0o755)
            write_package(file, SCRIPT, PACKAGES)
            assert Path("segment.tar").read_bytes() == made.segment
            assert Path("package.json").read_text() == to_json(made.package)
            assert Path("members.json").read_text() == to_json(Members(made.members))
        finally:
            os.chdir(before)


def test_it_refers_only_to_what_the_text_names() -> None:
    assert make(f"#!{BASH}/bin/bash\n").package.references == (BASH,)
    text = f"#!{BASH}/bin/bash\nécho {COREUTILS}/bin/id\n"
    assert make(text).package.references == (BASH, COREUTILS)


def test_it_can_be_unpacked_and_run(directory: Path) -> None:
    segment = directory / "segment.tar"
    segment.write_bytes(make(f"#!{BASH}/bin/bash\necho $1\n").segment + bytes(1024))
    script = directory / "script"
    unpack_segments(
        [SegmentFile(str(segment), Sha256.of_file(segment).hex)], script, f"store/{SCRIPT.base}"
    )
    assert subprocess.check_output(["/bin/sh", script, "x"]) == b"x\n"
    assert script.stat().st_mode & 0o777 == 0o555


def test_a_program_is_found_in_the_store() -> None:
    assert make("#!/bin/bash\n") == make(f"#!{BASH}/bin/bash\n")


def test_an_interpreter_that_is_in_no_package() -> None:
    with pytest.raises(LadingError, match="add the package that contains bin/zsh"):
        make("#!/bin/zsh\n")
