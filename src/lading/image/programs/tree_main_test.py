"""None"""

import gzip
import io
import json
import lzma
import os
import random
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Sequence, Set, Tuple

import pytest

from lading.files.entry import Members
from lading.files.kind import Kind
from lading.image.layers.part_files import PartFiles
from lading.image.programs.parts_layer_main import PartsRequest
from lading.image.programs.parts_layer_main import main as make_layer
from lading.image.programs.tree_main import TreeEntry, TreeRequest
from lading.image.programs.tree_main import main as make_part
from lading.image.root.account_files import AccountFiles
from lading.image.root.archive_files import archive_files
from lading.image.root.image_tree import ImageTree
from lading.runtime.memory_testing import peak_bytes
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json, to_json

PART = ("segment.tar", "segment.tar.gz", "members.json")

REQUEST = TreeRequest(
    place="srv/www",
    source="source",
    entries=(),
    directories=(),
    unpack=False,
    mode=None,
    user="0",
    group="0",
    tree="",
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    (tmp_path / "source").mkdir()
    yield tmp_path
    os.chdir(before)


def made(libdeflate: str, **fields: Any) -> List[str]:
    """The members of a part: path, mode, owner and target."""
    request = replace(REQUEST, **fields)
    assert from_json(TreeRequest, to_json(request)) == request
    Path("request.json").write_text(to_json(request))
    make_part(["request.json", libdeflate, *PART])
    return [
        f"{one.path} {one.mode:o} {one.uid}:{one.gid} {one.target or one.hardlink}".rstrip()
        for one in read_json(Members, Path("members.json")).members
    ]


def write(*paths: str) -> None:
    for path in paths:
        Path("source", path).parent.mkdir(parents=True, exist_ok=True)
        Path("source", path).write_text(path)


def test_nixpkgs_54955_a_file_that_changed_has_another_time(sandbox: Path, libdeflate: str) -> None:
    def time_of(text: str) -> int:
        write("index.html", "other.html")
        Path("source/index.html").write_text(text)
        made(libdeflate, entries=(TreeEntry("index.html"), TreeEntry("other.html")))
        listed = {member.path: member for member in read_json(Members, Path(PART[2])).members}
        with tarfile.open(PART[0]) as segment:
            times = {info.name: info.mtime for info in segment}
        assert times == {
            path: member.mtime for path, member in listed.items() if member.kind == Kind.FILE
        }
        others.add(listed["srv/www/other.html"].mtime)
        return listed["srv/www/index.html"].mtime

    others: Set[int] = set()
    assert time_of("one page") == time_of("one page") != time_of("two page")
    assert len(others) == 1


def test_files_lie_below_their_place_with_the_usual_modes(sandbox: Path, libdeflate: str) -> None:
    write("index.html", "cgi/run")
    entries = (
        TreeEntry("index.html"),
        TreeEntry("cgi/run", is_executable=True),
        TreeEntry("latest", target="cgi"),
    )
    assert made(libdeflate, entries=entries, directories=("empty",)) == [
        "srv/www 755 0:0",
        "srv/www/cgi 755 0:0",
        "srv/www/cgi/run 755 0:0",
        "srv/www/empty 755 0:0",
        "srv/www/index.html 644 0:0",
        "srv/www/latest 777 0:0 cgi",
    ]


def test_mode_and_owner_are_of_all(sandbox: Path, libdeflate: str) -> None:
    """rules_oci#720, melange#1395: as declared. The owner's names are the image's."""
    write("index.html", "cgi/run")
    accounts = AccountFiles(passwd="www:x:33:44::/:\n", group="web:x:55:\n")
    Path("tree.json").write_text(to_json(ImageTree({}, accounts)))
    entries = (TreeEntry("index.html"), TreeEntry("cgi/run", is_executable=True))
    found = made(libdeflate, entries=entries, mode=0o640, user="www", group="web", tree="tree.json")
    assert found == [
        "srv/www 750 33:55",
        "srv/www/cgi 750 33:55",
        "srv/www/cgi/run 750 33:55",
        "srv/www/index.html 640 33:55",
    ]


def test_an_unknown_owner_is_told(sandbox: Path, libdeflate: str) -> None:
    write("a")
    with pytest.raises(LadingError) as caught:
        made(libdeflate, entries=(TreeEntry("a"),), user="www")
    assert str(caught.value) == (
        "`files` gives '/srv/www/' to 'www', but the image has no such user. Declare it in "
        "`users`, or write an id."
    )


def tar_of(*members: Dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for fields in members:
            info = tarfile.TarInfo(fields["name"])
            content = fields.get("content", b"")
            info.type, info.size = fields.get("type", tarfile.REGTYPE), len(content)
            info.pax_headers = fields.get("pax_headers", {})
            info.mode, info.linkname = fields.get("mode", 0o600), fields.get("target", "")
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpacked(libdeflate: str, content: bytes) -> List[str]:
    Path("source/archive").write_bytes(content)
    return made(libdeflate, entries=(TreeEntry("archive"),), unpack=True)


def big_tar() -> bytes:
    return tar_of({"name": "big", "content": bytes(64 << 20)})


def big_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", bytes(64 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize("make", [big_tar, big_zip])
def test_an_archive_of_any_size_takes_little_memory(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    (tmp_path / "archive").write_bytes(make())
    files: List[TreeFile] = []
    peak = peak_bytes(lambda: files.extend(archive_files(tmp_path / "archive", tmp_path)))
    content = files[0].content
    assert isinstance(content, Path) and content.stat().st_size == 64 << 20
    assert peak < 16 << 20


def test_a_tar_archive_is_unpacked(sandbox: Path, libdeflate: str) -> None:
    content = tar_of(
        {"name": "./", "type": tarfile.DIRTYPE},
        {"name": "./bin", "type": tarfile.DIRTYPE},
        {"name": "./bin/tool", "content": b"tool", "mode": 0o4700},
        {"name": "./bin/same", "type": tarfile.LNKTYPE, "target": "./bin/tool"},
        {"name": "./link", "type": tarfile.SYMTYPE, "target": "bin/tool"},
    )
    assert unpacked(libdeflate, content) == [
        "srv/www 755 0:0",
        "srv/www/bin 755 0:0",
        "srv/www/bin/same 755 0:0",
        "srv/www/bin/tool 755 0:0 srv/www/bin/same",
        "srv/www/link 777 0:0 bin/tool",
    ]


def test_a_zip_file_is_unpacked(sandbox: Path, libdeflate: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, attributes, content in (
            ("bin/", 0o040755, ""),
            ("bin/tool", 0o100755, "tool"),
            ("read", 0o100644, "me"),
            ("link", 0o120777, "bin/tool"),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr = attributes << 16
            archive.writestr(info, content)
    assert unpacked(libdeflate, buffer.getvalue()) == [
        "srv/www 755 0:0",
        "srv/www/bin 755 0:0",
        "srv/www/bin/tool 755 0:0",
        "srv/www/link 777 0:0 bin/tool",
        "srv/www/read 644 0:0",
    ]


def damaged_zip(*changes: Tuple[int, int]) -> bytes:
    """With other bytes at these offsets in the file's header, and at the same ones in the
    directory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(1000))
    content = bytearray(buffer.getvalue())
    for place, byte in changes:
        content[place] = content[content.rindex(b"PK\1\2") + place + 2] = byte
    return bytes(content)


def damaged(compress: Callable[[bytes], bytes]) -> bytes:
    """A file with changed content, which only the checksum at the end shows."""
    member = {"name": "x", "content": random.Random(1).randbytes(300_000)}
    content = bytearray(compress(gzip.decompress(tar_of(member))))
    content[150_000] ^= 1
    return bytes(content)


_UNREADABLE = (
    r"'archive' can't be unpacked \(.*\). `unpack` is for targets with one tar or zip archive."
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (damaged_zip((6, 1)), _UNREADABLE),  # encrypted
        (damaged_zip((8, 9)), _UNREADABLE),  # Deflate64
        (damaged_zip()[:31] + b"\xff" * 9 + damaged_zip()[40:], _UNREADABLE),
        pytest.param(damaged(lzma.compress), _UNREADABLE, id="damaged xz"),
        pytest.param(damaged(gzip.compress), _UNREADABLE, id="damaged gzip"),
        (tar_of({"name": "x", "pax_headers": {"GNU.sparse.map": "a,b"}}), _UNREADABLE),
        (
            tar_of({"name": "x", "type": tarfile.SYMTYPE}),
            "'archive' has the link 'x' to '', which no link can lead to. Leave it out of the "
            "archive.",
        ),
        (
            tar_of({"name": "x", "pax_headers": {"path": "a\0b"}}),
            r"'archive' has the member 'a\\x00b', but no name can hold a NUL character. Leave it "
            "out of the archive.",
        ),
        (
            b"text",
            r"'archive' can't be unpacked \(.*\). `unpack` is for targets with one tar or zip "
            "archive.",
        ),
        (
            tar_of({"name": "../x"}),
            "'archive' has the member '../x', which leads outside of where it is unpacked. Make "
            "the archive with relative paths.",
        ),
        (
            tar_of({"name": "/x"}),
            "'archive' has the member '/x', which leads outside of where it is unpacked. Make the "
            "archive with relative paths.",
        ),
        (
            tar_of({"name": "null", "type": tarfile.CHRTYPE}),
            "'archive' has 'null', a device or another special file, which can't be unpacked into "
            "an image. Leave it out of the archive.",
        ),
    ],
)
def test_what_can_t_be_unpacked(
    sandbox: Path, libdeflate: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(LadingError, match=f"^{sentence}$"):
        unpacked(libdeflate, content)


def test_one_archive_is_unpacked_and_no_more(sandbox: Path, libdeflate: str) -> None:
    write("a", "b")
    with pytest.raises(LadingError) as caught:
        made(libdeflate, entries=(TreeEntry("a"), TreeEntry("b")), unpack=True)
    assert str(caught.value) == (
        "`files` unpacks the source of '/srv/www/', which has 2 files instead of one archive. Name "
        "an `archive`, or leave `unpack` out."
    )


def test_parts_make_a_layer_beside_what_the_image_makes_itself(
    sandbox: Path, libdeflate: str
) -> None:
    write("a", "b")
    made(libdeflate, entries=(TreeEntry("a"), TreeEntry("b")))
    part = PartFiles("`files` from //a", *PART)

    def layer(taken: Sequence[str]) -> None:
        request = PartsRequest((part,), "", "lading: sources", tuple(taken))
        Path("layer.json").write_text(to_json(request))
        make_layer(["layer.json", libdeflate, "blob", "description", "tree.json"])

    layer(["srv/www/c", "srv/www"])
    tree = from_json(ImageTree, Path("tree.json").read_text())
    assert sorted(tree.entries) == ["srv", "srv/www", "srv/www/a", "srv/www/b"]
    assert json.loads(Path("description").read_text())["created_by"] == "lading: sources"
    with pytest.raises(LadingError) as caught:
        layer(["srv/www/b"])
    assert str(caught.value) == (
        "`files` from //a has /srv/www/b, which the image makes itself. Leave out one of them."
    )
