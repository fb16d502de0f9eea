"""The last step of every build: turns a tree into the three files of a store package."""

from pathlib import Path
from typing import Iterable

from lading.files.entry import Members
from lading.store.package import StorePackage
from lading.store.references import scan_tree
from lading.store.segment import write_segment
from lading.values.json_codec import to_json
from lading.values.path import StorePath


def write_package(tree: Path, path: StorePath, inputs: Iterable[StorePath]) -> None:
    """Write `segment.tar`, `package.json` and `members.json` for the tree at `tree`.

    The package refers to those of `inputs` whose hash occurs in it.
    """
    candidates = {package.hash: package for package in inputs}
    found = scan_tree(tree, frozenset(candidates))
    references = sorted(candidates[hash_] for hash_ in found)
    with open("segment.tar", "wb") as file:
        segment = write_segment(tree, path, file)
    package = StorePackage(
        path=path,
        references=tuple(references),
        reasons=tuple(found[reference.hash] for reference in references),
        segment_sha256=segment.sha256,
        segment_size=segment.size,
        unpacked_size=sum(member.size for member in segment.members if not member.hardlink),
    )
    Path("package.json").write_text(to_json(package), encoding="utf-8")
    Path("members.json").write_text(to_json(Members(segment.members)), encoding="utf-8")
