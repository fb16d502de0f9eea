import pytest

from lading.checks.image_testing import layer_blobs
from lading.checks.layered_files import LayeredFiles
from lading.checks.visible_files import VisibleFiles
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.programs.run_as_root_testing import directory, hard_link, layer, member, symlink
from lading.values.errors import LadingError

LOWER = layer(
    directory("usr", 0o711, (5, 6)),
    directory("usr/lib"),
    member("usr/lib/x", b"lower", mode=0o4755, owner=(1, 2)),
    member("usr/lib/gone", b"gone"),
    directory("opaque"),
    member("opaque/old"),
    symlink("lib", "usr/lib"),
    hard_link("hard", "usr/lib/x"),
    member("twice", b"first"),
)
UPPER = layer(
    member("usr/lib/new", b"behind a link"),
    member("usr/lib/.wh.gone"),
    member("opaque/.wh..wh..opq"),
    member("opaque/new"),
    member("twice", b"second", mode=0o600),
    compressed=True,
)


def test_layers_are_put_on_each_other() -> None:
    files = LayeredFiles(layer_blobs(LOWER, UPPER)).files
    assert files == {
        "": Entry("", Kind.DIRECTORY, 0o755),
        "usr": Entry("usr", Kind.DIRECTORY, 0o711, 5, 6),
        "usr/lib": Entry("usr/lib", Kind.DIRECTORY, 0o755),
        "usr/lib/x": Entry("usr/lib/x", Kind.FILE, 0o4755, 1, 2),
        "usr/lib/new": Entry("usr/lib/new", Kind.FILE, 0o644),
        "opaque": Entry("opaque", Kind.DIRECTORY, 0o755),
        "opaque/new": Entry("opaque/new", Kind.FILE, 0o644),
        "lib": Entry("lib", Kind.SYMLINK, 0o777, target="usr/lib"),
        "hard": Entry("hard", Kind.FILE, 0o4755, 1, 2),
        "twice": Entry("twice", Kind.FILE, 0o600),
    }


def test_contents_are_of_the_layer_that_counts() -> None:
    layered = LayeredFiles(layer_blobs(LOWER, UPPER))
    contents = layered.contents(["usr/lib/x", "hard", "usr/lib/new", "twice"])
    assert contents == {
        "usr/lib/x": b"lower",
        "hard": b"lower",
        "usr/lib/new": b"behind a link",
        "twice": b"second",
    }


def test_the_size_is_that_of_all_files_in_all_layers() -> None:
    layered = LayeredFiles(layer_blobs(LOWER, UPPER))
    assert layered.size == len(b"lower" + b"gone" + b"first" + b"behind a link" + b"second")


def test_the_root_is_what_a_layer_says() -> None:
    layered = LayeredFiles(layer_blobs(layer(directory("./", 0o700, (3, 4)))))
    assert layered.files == {"": Entry("", Kind.DIRECTORY, 0o700, 3, 4)}


def test_no_layers_make_a_root() -> None:
    layered = LayeredFiles(layer_blobs())
    assert (list(layered.files), layered.size) == ([""], 0)


def test_a_damaged_layer_is_told() -> None:
    with pytest.raises(LadingError, match="a layer of the image is not a valid tar archive"):
        LayeredFiles(layer_blobs(LOWER[:1000]))


def test_a_program_sees_files_through_links() -> None:
    layered = LayeredFiles(layer_blobs(LOWER, UPPER))
    files = VisibleFiles(layered.files, layered.contents(["usr/lib/new"]))
    assert files.read("/lib/new") == b"behind a link"
    assert files.find("/lib") == "usr/lib"
    assert files.find("/lib", through_link=False) == "lib"
    assert files.find("/") == ""
    assert files.find("/twice/x") is None
    assert files.names("/lib") == ["new", "x"]
    assert files.names("/") == ["hard", "lib", "opaque", "twice", "usr"]
    assert files.names("/nowhere") == ()
