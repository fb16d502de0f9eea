from pathlib import Path

from lading.image.reference import Repository
from lading.registry.push.pushed_layers import PushedLayers
from lading.values.digest import Sha256

DIGEST = Sha256.of(b"a layer")


def test_what_was_noted_last_is_found(tmp_path: Path) -> None:
    pushed = PushedLayers(str(tmp_path / "pushed"))
    assert pushed.find("docker.io", DIGEST) is None
    pushed.note(Repository.parse("redis"), DIGEST)
    pushed.note(Repository.parse("me/redis"), DIGEST)
    pushed.note(Repository.parse("[::1]:5000/redis"), DIGEST)
    found = pushed.find("docker.io", DIGEST)
    assert found is not None and found.canonical == "docker.io/me/redis"
    found = pushed.find("[::1]:5000", DIGEST)
    assert found is not None and found.canonical == "[::1]:5000/redis"
    assert pushed.find("registry.example", DIGEST) is None


def test_what_is_no_name_is_not_found(tmp_path: Path) -> None:
    pushed = PushedLayers(str(tmp_path))
    (tmp_path / "docker.io").mkdir()
    for content in (b"", b"Upper/case", b"\xff", b"a\nb"):
        (tmp_path / "docker.io" / DIGEST.hex).write_bytes(content)
        assert pushed.find("docker.io", DIGEST) is None


def test_a_place_that_can_not_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    pushed = PushedLayers(str(tmp_path / "file"))
    pushed.note(Repository.parse("redis"), DIGEST)
    assert pushed.find("docker.io", DIGEST) is None


def test_without_a_place_nothing_is_known() -> None:
    pushed = PushedLayers()
    pushed.note(Repository.parse("redis"), DIGEST)
    assert pushed.find("docker.io", DIGEST) is None
