import json
import subprocess
import tarfile
from pathlib import Path
from typing import Iterator

import pytest

from lading.errors import LadingError
from lading.store.members import DIRECTORY, FILE, Member, members_from_json, members_to_json
from lading.store.package import StorePackage
from lading.store.path import StorePath
from lading.store.script_main import main
from lading.store.script_request import ScriptInput, ScriptRequest
from lading.store.segment import unpack_segment

BASH = StorePath("b" * 32, "bash-5.2")
COREUTILS = StorePath("c" * 32, "coreutils-9.1")
SCRIPT = StorePath("s" * 32, "entrypoint.sh")


@pytest.fixture(autouse=True)
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def make(text: str) -> StorePackage:
    members = (Member("bin", DIRECTORY, 0o555), Member("bin/bash", FILE, 0o555))
    Path("bash.json").write_text(members_to_json(members))
    Path("coreutils.json").write_text(members_to_json((Member("", DIRECTORY, 0o555),)))
    request = ScriptRequest(
        SCRIPT, text, (ScriptInput(BASH, "bash.json"), ScriptInput(COREUTILS, "coreutils.json"))
    )
    Path("request.json").write_text(request.to_json())
    main(["request.json"])
    return StorePackage.from_json(Path("package.json").read_text())


def test_the_package_is_an_executable_file() -> None:
    text = f"#!{BASH}/bin/bash\nécho {COREUTILS}/bin/id\n"
    package = make(text)
    assert package.path == SCRIPT
    assert package.references == (BASH, COREUTILS)
    assert package.unpacked_size == len(text.encode())
    (member,) = members_from_json(Path("members.json").read_text())
    assert (member.path, member.type, member.mode) == ("", FILE, 0o555)
    with tarfile.open("segment.tar") as archive:
        (info,) = archive.getmembers()
        content = archive.extractfile(info)
        assert content is not None and content.read().decode() == text
    assert (info.name, info.mode, info.uid, info.mtime) == (str(SCRIPT)[1:], 0o555, 0, 1)


def test_it_refers_only_to_what_the_text_names() -> None:
    package = make(f"#!{BASH}/bin/bash\n")
    assert package.references == (BASH,)


def test_it_can_be_unpacked_and_run() -> None:
    make(f"#!{BASH}/bin/bash\necho $1\n")
    Path("store").mkdir()
    unpack_segment(Path("segment.tar"), Path("store"))
    script = Path("store", SCRIPT.base)
    assert subprocess.check_output(["/bin/sh", script, "x"]) == b"x\n"
    assert script.stat().st_mode & 0o777 == 0o555


def test_the_same_text_gives_the_same_bytes() -> None:
    make("#!/bin/bash\n")
    first = [Path(name).read_bytes() for name in ("segment.tar", "package.json", "members.json")]
    make(f"#!{BASH}/bin/bash\n")
    again = [Path(name).read_bytes() for name in ("segment.tar", "package.json", "members.json")]
    assert first == again


def test_an_interpreter_that_is_in_no_package_leaves_nothing() -> None:
    with pytest.raises(LadingError, match="add the package that contains bin/zsh"):
        make("#!/bin/zsh\n")
    assert not Path("segment.tar").exists()


def test_requests_survive_json() -> None:
    request = ScriptRequest(SCRIPT, "#!/bin/é\n", (ScriptInput(BASH, "x.json"),))
    assert ScriptRequest.from_json(request.to_json()) == request
    assert json.loads(request.to_json())["path"] == {"hash": "s" * 32, "name": "entrypoint.sh"}
