import io
from pathlib import Path
from typing import List, Optional

import pytest

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.files.entry import Entry
from lading.image.config.layer import Layer
from lading.image.layers.layer_listing import listed
from lading.image.programs.base_layer_request import BaseLayerFiles, BaseTreeRequest
from lading.image.programs.base_tree_main import main
from lading.image.programs.run_as_root_testing import (
    Member,
    directory,
    hard_link,
    layer,
    member,
    symlink,
)
from lading.image.root.image_tree import ImageTree
from lading.tar.layer_archive import LayerArchive
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

#: The size of each layer in its description.
TAR_SIZE = 100 << 20


def tree(
    directory: Path, *layers: List[Member], limit: Optional[int] = None, holes: int = 0
) -> ImageTree:
    """`holes` is the number of bytes in holes, for each layer."""
    requested = []
    for number, members in enumerate(layers):
        listing = directory / f"{number}"
        text = io.StringIO()
        archive = LayerArchive(iter([layer(*members)]))
        while (found := archive.next_member()) is not None:
            text.write(listed(found, None))
        listing.write_text(text.getvalue(), encoding="ascii")
        digest = Sha256(f"{number:064x}")
        described = Layer(digest, digest, 1, GZIP_MEDIA_TYPE, "", TAR_SIZE, holes)
        description = directory / f"{number}.json"
        description.write_text(to_json(described))
        requested.append(BaseLayerFiles(str(description), str(listing)))
    request = BaseTreeRequest(tuple(requested), limit)
    (directory / "request").write_text(to_json(request))
    main([str(directory / "request"), str(directory / "tree")])
    return from_json(ImageTree, (directory / "tree").read_text())


def test_moby_49141_an_image_without_layers(tmp_path: Path) -> None:
    assert tree(tmp_path) == ImageTree()


def test_files_take_the_place_of_links_of_lower_layers(tmp_path: Path) -> None:
    """As in docker's containers."""
    found = tree(
        tmp_path,
        [directory("usr/bin", 0o711), symlink("bin", "usr/bin"), directory("lib", 0o711, (5, 6))],
        [member("bin/x", mode=0o4755), directory("bin/y"), member("lib/z")],
        [member("bin/.wh.y")],
    )
    assert sorted(found.entries) == ["bin", "bin/x", "lib", "lib/z", "usr", "usr/bin"]
    assert found.entries["bin"] == Entry.directory("bin")
    assert found.entries["bin/x"].mode == 0o4755
    # containerd keeps it; docker uses root:root and 0755.
    assert found.entries["lib"] == Entry.directory("lib", 0o711, 5, 6)


def test_kaniko_2308_directories_and_links_take_each_other_s_place(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        [directory("a"), member("a/x"), directory("b"), symlink("c", "b")],
        [symlink("a", "b"), directory("c"), member("c/z")],
    )
    assert sorted(found.entries) == ["a", "b", "c", "c/z"]
    assert found.entries["a"].target == "b"


def test_nixpkgs_392421_a_hundred_layers(tmp_path: Path) -> None:
    layers = [[member(f"d/{number}"), member(f"d/.wh.{number - 1}")] for number in range(100)]
    assert sorted(tree(tmp_path, *layers, limit=100 * TAR_SIZE).entries) == ["d", "d/99"]


def test_what_layers_expand_to_is_counted_together(tmp_path: Path) -> None:
    layers = [[member("x")]] * 11
    tree(tmp_path, *layers[:10])
    tree(tmp_path, *layers, limit=11 * TAR_SIZE)
    with pytest.raises(LadingError) as caught:
        tree(tmp_path, *layers)
    assert str(caught.value) == (
        "the base expands to more than 1073741824 bytes, from 11 compressed ones. If you trust "
        "it, set `[lading].max_unpacked_size` to more, such as '20 GB'."
    )
    with pytest.raises(LadingError, match="the base expands to more than 1073741824 bytes"):
        tree(tmp_path, *layers[:5], holes=TAR_SIZE + 6 * (1 << 20))


@pytest.mark.parametrize(
    "upper, reason",
    [
        ([member("y"), member("y/z")], "has /y/z, which can't be unpacked: /y is not a directory"),
        ([symlink("l", "l"), member("l/y")], r"has /l/y.*/l is a link to nothing in its layer"),
        (
            [hard_link("y", "z")],
            "has /y.*a hard link to /z, which does not come before it in",
        ),
        (
            [hard_link("y", "x")],
            "has /y.*a hard link to /x, which does not come before it in",
        ),
        (
            [hard_link("x", "x")],
            "has /x.*a hard link to /x, which does not come before it in",
        ),
        ([hard_link("y", "z"), member("z")], "has /y.*a hard link to /z, which does not come"),
        (
            [member(".wh.x"), symlink("l", "."), hard_link("y", "x")],
            "has /y.*a hard link to /x, which does not come before it",
        ),
        (
            [symlink("l", "."), member("y"), hard_link("l/y", "y")],
            "has /l/y.*it is a hard link to itself",
        ),
        # docker, podman and containerd on overlayfs.
        ([member("x"), member(".wh.x")], "has /.wh.x.*the layer has /x in front of it"),
        ([member("d/e/f"), member(".wh.d")], "has /.wh.d.*the layer has /d in front of it"),
        ([directory("d"), hard_link("y", "d")], "has /y.*it can't be a hard link to /d"),
        ([member("d/e"), hard_link("d", "d/e")], "has /d.*it can't be a hard link to /d/e"),
        ([member(".wh.")], "has /.wh., a whiteout that names no file"),
    ],
    ids=[
        *("below a file", "loop", "link to nothing", "link to a lower layer's", "link to itself"),
        *("link forward", "link to what is deleted", "link to itself through a link"),
        *("deleted behind it", "deleted behind what lies in it"),
        *("directory", "source inside", "whiteout of nothing"),
    ],
)
def test_what_can_not_be_is_told_of_its_layer(
    upper: List[Member], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(LadingError, match=f"the layer sha256:0{{63}}1 of the base {reason}"):
        tree(tmp_path, [member("x")], upper)
    assert not (tmp_path / "tree").exists()


def test_names_in_sentences_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(LadingError) as caught:
        tree(tmp_path, [hard_link("\x1b[2J\udcff\n\u00fc", "x" * 254)])
    assert r"has /\x1b[2J\udcff\nü, which" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
