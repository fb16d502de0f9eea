import hashlib
from dataclasses import replace

import pytest

from lading.store.derivation import Derivation, SourceInput, fold
from lading.values.errors import LadingError
from lading.values.path import StorePath

HELLO = Derivation(
    name="hello",
    version="1.0",
    platform="linux/amd64",
    script="make",
    env=(("A", "1"),),
    sources=(SourceInput("hello.tar.gz", "sha256:" + "0" * 64),),
    further_sources=(),
    patches=(),
    dependencies=(StorePath("1" * 32, "a"), StorePath("0" * 32, "b")),
    build_root="root",
    builder="builder",
    strip="all",
)


def test_the_store_path_is_known() -> None:
    """Written out: if it changes, every package of every user is rebuilt."""
    assert str(HELLO.store_path()) == "/store/8777daysjh0vg147vl2hy0zmdl2bmqx5-hello-1.0"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "hallo"},
        {"version": "1.1"},
        {"platform": "linux/arm64"},
        {"script": "make all"},
        {"env": (("A", "2"),)},
        {"sources": (SourceInput("hello.tar.gz", "sha256:" + "1" * 64),)},
        {"sources": (SourceInput("hello.tar.xz", "sha256:" + "0" * 64),)},
        {"further_sources": (SourceInput("x", "tree:0"),)},
        {"patches": (SourceInput("x.patch", "sha256:0"),)},
        {"dependencies": (StorePath("1" * 32, "a"),)},
        {"build_root": "other"},
        {"builder": "other"},
        {"strip": "none"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_in_a_derivation_is_in_its_hash(change: "dict[str, object]") -> None:
    assert replace(HELLO, **change).store_path().hash != HELLO.store_path().hash  # type: ignore[arg-type]


def test_the_order_of_dependencies_and_variables_is_not() -> None:
    other = replace(HELLO, dependencies=HELLO.dependencies[::-1], env=(("B", "2"), ("A", "1")))
    assert other.to_json() == replace(HELLO, env=(("A", "1"), ("B", "2"))).to_json()


def test_a_name_that_no_store_path_can_have_is_refused() -> None:
    with pytest.raises(LadingError, match="'my hello-1.0' can't be the name of a store path"):
        replace(HELLO, name="my hello").store_path()


def test_fold_is_nix_s() -> None:
    """nix-store.md 1: byte i of the digest goes into byte i modulo 20."""
    digest = hashlib.sha256(b"").digest()
    folded = fold(digest, 20)
    assert folded[0] == digest[0] ^ digest[20]
    assert folded[12:] == digest[12:20]
