import subprocess
import time
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.files.layer_error import LayerError
from lading.tar.layer_archive import LayerArchive
from lading.tar.layer_archive_testing import pax, raw, record, sized
from lading.tar.sparse_file import MAP_LIMIT

DATA = b"A" * 1000 + bytes(300_000) + b"B" * 3000 + bytes(200_000) + b"C" + bytes(99)


def read(archive: bytes) -> List[Tuple[str, int, bytes]]:
    """Names, sizes and contents, read in parts of odd sizes."""
    layer = LayerArchive(archive[at : at + 700] for at in range(0, len(archive), 700))
    found = []
    while (member := layer.next_member()) is not None:
        content = b""
        while part := layer.read(77_777):
            content += part
        found.append((member.path, member.size, content))
    return found


@pytest.mark.parametrize("version", ["0.0", "0.1", "1.0"])
def test_what_gnu_tar_writes_is_read(version: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    # So that there are holes on any file system.
    with (tmp_path / "sparse").open("wb") as sparse:
        for at in range(0, len(DATA), 100):
            sparse.seek(at)
            if DATA[at : at + 100].strip(b"\0"):
                sparse.write(DATA[at : at + 100])
        sparse.truncate(len(DATA))
    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(1 << 20)
    archive = tmp_path / "a.tar"
    names = ["sparse", "hole", "data"]
    command = ["tar", "--format=posix", "--sparse", f"--sparse-version={version}"]
    subprocess.run([*command, "-C", str(tmp_path), "-cf", str(archive), *names], check=True)
    assert b"GNU.sparse" in archive.read_bytes()
    assert read(archive.read_bytes()) == [
        ("sparse", len(DATA), DATA),
        ("hole", 1 << 20, bytes(1 << 20)),
        ("data", len(DATA), DATA),
    ]


def sparse(map: bytes, content: bytes = b"", **keys: bytes) -> bytes:
    records = {b"major": b"0", b"minor": b"1", b"size": b"10", b"map": map}
    records.update((key.encode(), value) for key, value in keys.items())
    header = b"".join(record(b"GNU.sparse." + key, value) for key, value in records.items())
    return pax(header) + raw(size=sized(content), content=content)


@pytest.mark.parametrize(
    "archive, content",
    [
        (sparse(b"2,3", b"abc", numblocks=b"1"), b"\0\0abc\0\0\0\0\0"),
        (sparse(b"0,1,9,1", b"az", numblocks=b"2"), b"a\0\0\0\0\0\0\0\0z"),
        (sparse(b"", numblocks=b"0"), bytes(10)),
        (sparse(b"0,0,10,0", numblocks=b"2"), bytes(10)),
        (sparse(b"2,3", b"abc", numblocks=b"1", size=b"", realsize=b"5"), b"\0\0abc"),
        # Without a known version of GNU's format, it is an ordinary file.
        (sparse(b"2,3", b"abc", numblocks=b"1", major=b"2"), b"abc"),
        (sparse(b"2,3", b"abc", numblocks=b"1", major=b"1"), b"abc"),
        (sparse(b"2,3", b"abc", numblocks=b"1", major=b"", minor=b""), b"\0\0abc" + bytes(5)),
    ],
)
def test_contents(archive: bytes, content: bytes) -> None:
    assert read(archive + raw(b"next")) == [("a", len(content), content), ("next", 0, b"")]


def in_content(list: bytes, content: bytes = b"") -> bytes:
    text = list + bytes(-len(list) % 512) + content
    keys = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
    return pax(keys + record(b"GNU.sparse.realsize", b"9")) + raw(size=sized(text), content=text)


@pytest.mark.parametrize(
    "archive, reason",
    [
        (sparse(b"2,3", b"abc"), "with the number b''"),
        (sparse(b"2,3", b"abc", numblocks=b"-1"), "with the number b'-1'"),
        (sparse(b"2,3", b"abc", numblocks=b"2"), "another number of regions than it says"),
        (sparse(b"2", b"abc", numblocks=b"1"), "another number of regions than it says"),
        (sparse(b"2,x", b"abc", numblocks=b"1"), "with the number b'x'"),
        (sparse(b"2," + b"9" * 5000, numblocks=b"1"), "with the number b'9{40}'"),
        (sparse(b"2,3", b"ab", numblocks=b"1"), "more or fewer bytes than its regions"),
        (sparse(b"2,3", b"abcd", numblocks=b"1"), "more or fewer bytes than its regions"),
        (sparse(b"8,3", b"abc", numblocks=b"1"), "overlap, or lie behind its end"),
        (sparse(b"2,3,4,1", b"abcd", numblocks=b"2"), "overlap, or lie behind its end"),
        (sparse(b"4,1,2,1", b"ab", numblocks=b"2"), "overlap, or lie behind its end"),
        (sparse(b"2,3", b"abc", numblocks=b"1", size=b"x"), "with the number b'x'"),
        (sparse(b"2,3", b"abc", numblocks=b"1", offset=b"1,2"), "malformed pax records"),
        (sparse(b"2,3", b"abc", numblocks=b"1", numbytes=b"1"), "malformed pax records"),
        (in_content(b""), "without a whole list of its regions"),
        (in_content(b"1\n0\n"), "without a whole list of its regions"),
        (in_content(b"%d\n" % (2**63 - 1) + b"0\n" * 600), "without a whole list of its regions"),
        (in_content(b"9" * 2000), "without a whole list of its regions"),
        (in_content(b"1" * (1 << 20) + b"\n" * 4), "without a whole list of its regions"),
        (in_content(b"-1\n"), "with the number b'-1'"),
        (in_content(b"1\n0\n3\n", b"ab"), "more or fewer bytes than its regions"),
        (
            pax(record(b"GNU.sparse.map", b"1,1")) + raw(type=b"5"),
            "a sparse member that is not a file",
        ),
    ],
)
def test_damaged_ones(archive: bytes, reason: str) -> None:
    with pytest.raises(LayerError, match=f"is not a valid tar archive .*{reason}"):
        read(archive)


def test_the_longest_list_is_read_soon() -> None:
    count = (MAP_LIMIT - 512) // 4
    begin = time.process_time()
    assert read(in_content(b"%d\n" % count + b"0\n" * (2 * count))) == [("a", 9, bytes(9))]
    assert time.process_time() - begin < 5


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=600)), max_size=9),
    st.integers(0, 600),
    st.booleans(),
)
def test_regions_of_any_kind(
    parts: "List[Tuple[int, bytes]]", hole_at_the_end: int, is_map_in_content: bool
) -> None:
    numbers: List[int] = []
    content = b""
    for hole, data in parts:
        content += bytes(hole)
        numbers += [len(content), len(data)]
        content += data
    content += bytes(hole_at_the_end)
    held = b"".join(data for _, data in parts)
    size = b"%d" % len(content)
    if is_map_in_content:
        text = b"".join(b"%d\n" % number for number in (len(parts), *numbers))
        text += bytes(-len(text) % 512) + held
        keys = {b"major": b"1", b"minor": b"0", b"realsize": size, b"name": b"x"}
        header = b"".join(record(b"GNU.sparse." + key, value) for key, value in keys.items())
        archive = pax(header) + raw(b"GNUSparseFile.0/x", size=sized(text), content=text)
    else:
        map = b",".join(b"%d" % number for number in numbers)
        archive = sparse(map, held, numblocks=b"%d" % len(parts), size=size, name=b"x")
    assert read(archive) == [("x", len(content), content)]
