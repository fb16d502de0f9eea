import gzip
import os
import zipfile
from functools import partial
from pathlib import Path
from typing import List, Set

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.store import packed
from lading.store.references import HashScanner, scan_tree
from lading.values.errors import LadingError

ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"
A = "0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r"
B = "s6v7w8x9y0z1a2b3c4d5f6g7h8i9j0k1"
LIKE_A = A[:-1] + "z"


def naive(data: bytes, hashes: Set[str]) -> Set[bytes]:
    return {text.encode() for text in hashes if text.encode() in data}


def in_chunks(data: bytes, edges: List[int]) -> List[bytes]:
    cuts = [0, *sorted(edge % (len(data) + 1) for edge in edges), len(data)]
    return [data[start:end] for start, end in zip(cuts, cuts[1:])]


# Few letters, so that hashes overlap themselves and each other.
few_letters = st.text("01a", min_size=32, max_size=32)
hash_sets = st.sets(st.one_of(few_letters, st.text(ALPHABET, min_size=32, max_size=32)), max_size=5)


@st.composite
def haystacks(draw: st.DrawFn, hashes: Set[str]) -> bytes:
    """Hashes, parts of hashes, runs and characters outside the alphabet, concatenated."""
    parts = [st.text("01a", max_size=70), st.sampled_from(["e", "-", "\0", "/store/"])]
    if hashes:
        whole = st.sampled_from(sorted(hashes))
        parts += [whole, whole.map(lambda text: text[1:]), whole.map(lambda text: text[:31])]
    return "".join(draw(st.lists(st.one_of(parts), max_size=12))).encode()


@settings(max_examples=500, deadline=None)
@given(st.data(), hash_sets, st.lists(st.integers(0, 1000), max_size=6))
def test_finds_what_a_naive_search_finds_wherever_chunks_end(
    data: st.DataObject, hashes: Set[str], edges: List[int]
) -> None:
    haystack = data.draw(haystacks(hashes))
    assert HashScanner.of(hashes).scan(in_chunks(haystack, edges)) == naive(haystack, hashes)


@pytest.mark.parametrize("offset", range(100))
@pytest.mark.parametrize("filler", [b"\0", b"0"])
def test_finds_a_hash_at_every_offset(offset: int, filler: bytes) -> None:
    data = filler * offset + A.encode() + filler * (100 - offset)
    assert HashScanner.of([A, B, LIKE_A]).scan([data]) == {A.encode()}


def test_one_byte_chunks() -> None:
    data = b"x" * 40 + A.encode() + B.encode()
    assert HashScanner.of([A, B]).scan(bytes([byte]) for byte in data) == {A.encode(), B.encode()}


def test_finds_in_content_names_and_link_targets_and_tells_the_first_place(tmp_path: Path) -> None:
    (tmp_path / "b").write_text(f"/store/{A}-one/bin")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / f"{B}.txt").write_text("nothing")
    os.symlink(f"/store/{A}-one/lib", tmp_path / "a" / "link")
    os.symlink(A, tmp_path / "z")
    assert scan_tree(tmp_path, [B, A, "x" * 32]) == {A: "a/link", B: f"a/{B}.txt"}


def test_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(A)
    (tmp_path / "tree").mkdir()
    os.symlink("../elsewhere", tmp_path / "tree" / "link")
    assert scan_tree(tmp_path / "tree", [A]) == {}


@pytest.mark.parametrize("make", ["file", "link"])
def test_the_root_may_be_a_file_or_a_link(tmp_path: Path, make: str) -> None:
    root = tmp_path / "root"
    if make == "file":
        root.write_text(A)
    else:
        os.symlink(f"/store/{A}-x", root)
    assert scan_tree(root, [A]) == {A: "."}


def test_finds_what_is_compressed_and_names_the_member(tmp_path: Path) -> None:
    (tmp_path / "page.1.gz").write_bytes(gzip.compress(A.encode() * 3))
    with zipfile.ZipFile(tmp_path / "x.jar", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/paths", B * 3)
    assert scan_tree(tmp_path, [A, B]) == {A: "page.1.gz!/", B: "x.jar!/META-INF/paths"}


def test_a_bomb_is_named_by_its_path_in_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "members", partial(packed.members, limit=10))
    (tmp_path / "doc").mkdir()
    (tmp_path / "doc/bomb.gz").write_bytes(gzip.compress(A.encode()))
    with pytest.raises(LadingError, match="'doc/bomb.gz' unpacks to more than 10 bytes"):
        scan_tree(tmp_path, [A])


def test_a_damaged_member_is_no_reference_but_its_plain_bytes_are(tmp_path: Path) -> None:
    whole = gzip.compress(A.encode() * 3)
    (tmp_path / "broken.gz").write_bytes(whole[:-6] + B.encode())
    assert scan_tree(tmp_path, [A, B]) == {B: "broken.gz"}
