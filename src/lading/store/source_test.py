import os
from pathlib import Path
from typing import Dict

from lading.store.source import RequestedSource


def modes(directory: Path) -> Dict[str, str]:
    return {
        str(path.relative_to(directory)): f"{path.stat().st_mode & 0o7777:o}"
        for path in sorted(directory.rglob("*"))
        if not path.is_symlink()
    }


def test_a_file_is_copied_without_its_mode(tmp_path: Path) -> None:
    """Pants materialises files of 512 KiB and more with mode 0555, whatever they were."""
    file = tmp_path / "redis.tar.gz"
    file.write_bytes(b"x")
    for mode in (0o555, 0o600):
        file.chmod(mode)
        out = tmp_path / f"out-{mode}"
        RequestedSource("redis.tar.gz", str(file)).copy_to(out)
        RequestedSource("run", str(file), executables=("run",)).copy_to(out)
        assert modes(out) == {"redis.tar.gz": "644", "run": "755"}


def test_a_prefix_keeps_files_of_one_name_apart(tmp_path: Path) -> None:
    for index, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fix.patch").write_text(name)
        source = RequestedSource("fix.patch", str(tmp_path / name / "fix.patch"))
        source.copy_to(tmp_path / "out", prefix=f"{index}-")
    assert [path.read_text() for path in sorted((tmp_path / "out").iterdir())] == ["a", "b"]


def test_a_tree_is_copied_with_its_links_and_the_modes_that_were_told(tmp_path: Path) -> None:
    tree = tmp_path / "in"
    (tree / "bin").mkdir(parents=True, mode=0o700)
    for name, mode in (("bin/run", 0o644), ("bin/data", 0o555)):
        (tree / name).write_text(name)
        (tree / name).chmod(mode)
    (tree / "link").symlink_to("bin/run")
    (tree / "dangling").symlink_to("/nowhere")
    (tree / "directory").symlink_to("bin")
    RequestedSource("tree", str(tree), True, ("bin/run",)).copy_to(tmp_path / "out")
    out = tmp_path / "out" / "tree"
    assert modes(out) == {"bin": "755", "bin/data": "644", "bin/run": "755"}
    assert [os.readlink(out / name) for name in ("link", "dangling", "directory")] == [
        "bin/run",
        "/nowhere",
        "bin",
    ]
    assert (out / "bin" / "run").read_text() == "bin/run"
