import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Tuple

import pytest

from lading.debs.deb_testing import make_deb
from lading.files.entry import Entry, Members
from lading.namespaces import linux
from lading.namespaces.limits import Limits
from lading.runtime.program_files import program_files
from lading.runtime.small_disk_testing import on_small_disk
from lading.store.build import realise
from lading.store.build.bubblewrap import BUNDLED_BUBBLEWRAP
from lading.store.build.host_programs_testing import install_bubblewrap
from lading.store.build.realise import main
from lading.store.build.sandbox import Sandbox
from lading.store.build.sandbox_testing import SANDBOXES
from lading.store.package import StorePackage
from lading.store.request import InputPackage, RealiseRequest
from lading.store.source import RequestedSource
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json, to_json
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "app-1")

#: Options of `subprocess` that turn root into another user.
ORDINARY: Mapping[str, Any] = (
    {} if os.getuid() else {"user": 65534, "group": 65534, "extra_groups": []}
)


@dataclass(frozen=True)
class Built:
    """The outputs of a build in `directory`."""

    directory: Path

    @property
    def package(self) -> StorePackage:
        return read_json(StorePackage, (self.directory / "package.json"))

    @property
    def members(self) -> Tuple[Entry, ...]:
        return from_json(Members, (self.directory / "members.json").read_text()).members

    def files(self) -> Dict[str, str]:
        """Path in the package to content, or `-> target`."""
        found = {}
        with tarfile.open(self.directory / "segment.tar", "r:") as tar:
            for member in tar:
                path = member.name.partition("/")[2].partition("/")[2]
                content = tar.extractfile(member) if member.isfile() else None
                if content:
                    found[path] = content.read().decode()
                elif member.issym():
                    found[path] = f"-> {member.linkname}"
        return found

    def as_input(self, variable: str) -> InputPackage:
        """The package as a direct dependency (without a variable as an indirect one)."""
        return InputPackage(
            path=self.package.path,
            segment=str(self.directory / "segment.tar"),
            sha256=self.package.segment_sha256,
            direct=bool(variable),
            variable=variable,
        )


#: Builds the package OUT with a script; keywords are other fields of the request.
Build = Callable[..., Built]


@pytest.fixture
def build(tmp_path: Path, programs_deb: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Each build has its own directory; all share a cache."""
    debs = {hashlib.sha256(programs_deb.read_bytes()).hexdigest(): str(programs_deb)}
    number = 0

    def build(script: str, **fields: object) -> Built:
        nonlocal number
        number += 1
        directory = tmp_path / f"build-{number}"
        lay_out(directory, tmp_path / "cache")
        request = replace(request_for(script, debs), **fields)  # type: ignore[arg-type]
        (directory / "request.json").write_text(to_json(request))
        monkeypatch.chdir(directory)
        main(["request.json"])
        return Built(directory)

    return build


def lay_out(directory: Path, cache: Path) -> None:
    """Create what Pants links into the sandbox of a process."""
    install_bubblewrap((directory / BUNDLED_BUBBLEWRAP).parent)
    cache.mkdir(exist_ok=True)
    (directory / ".lading" / "cache").symlink_to(cache)


def request_for(script: str, debs: Mapping[str, str]) -> RealiseRequest:
    return RealiseRequest(
        path=OUT,
        script=script,
        env={},
        strip="all",
        source=None,
        further_sources=(),
        patches=(),
        inputs=(),
        debs=debs,
        alternatives={},
    )


def test_a_package_is_built_described_and_packed(build: Build) -> None:
    built = build("mkdir $out/share; echo hello > $out/share/x; ln -s x $out/share/y; umask")
    segment = (built.directory / "segment.tar").read_bytes()
    assert built.package == StorePackage(
        path=OUT,
        references=(),
        reasons=(),
        segment_sha256=hashlib.sha256(segment).hexdigest(),
        segment_size=len(segment),
        unpacked_size=6,
    )
    assert built.files() == {"share/x": "hello\n", "share/y": "-> x"}
    assert [(member.path, member.mode) for member in built.members] == [
        ("", 0o555),
        ("share", 0o555),
        ("share/x", 0o444),
        ("share/y", 0o777),
    ]


def test_the_script_sees_the_declared_environment_and_nothing_of_the_host(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "1")
    build("touch $out/x; env -0", env={"A": "two\nlines", "TERM": ""})
    log = (tmp_path / "cache" / "logs" / f"{OUT.base}.log").read_text()
    found = dict(line.split("=", 1) for line in log.rstrip("\0").split("\0"))
    assert found.pop("JOBS").isdigit()
    assert found == {
        "A": "two\nlines",
        "COMPILER_PATH": "/lading/bin",
        "HOME": "/build",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/usr/sbin",
        "SHELL": "/bin/bash",
        "SOURCE_DATE_EPOCH": "315532800",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
        "USER": "builder",
        "out": str(OUT),
        "sources": "/lading/sources",
        "src": "/build/source",
        # bash's own.
        "OLDPWD": "/build",
        "PWD": "/build/source",
        "SHLVL": "1",
        "_": "/usr/bin/env",
    }


def library(build: Build, **fields: object) -> Built:
    """A package that others depend on."""
    path = StorePath("1" * 32, "library-2")
    return build("mkdir $out/bin; echo lib > $out/data", path=path, **fields)


def test_what_a_package_refers_to_is_found(build: Build) -> None:
    unused = build("touch $out/x", path=StorePath("2" * 32, "unused-1")).as_input("unused")
    deep = library(build)
    middle = build(
        "echo $library > $out/reference",
        path=StorePath("3" * 32, "middle-1"),
        inputs=(deep.as_input("library"),),
    )
    built = build(
        "cat /store/*/data $middle/reference > $out/x; echo $out >> $out/x",
        inputs=(middle.as_input("middle"), unused, deep.as_input("")),
    )
    assert middle.package.references == (deep.package.path,)
    assert middle.package.reasons == ("reference",)
    # It does not count itself, and of the visible packages only those whose names it contains.
    assert built.package.references == (deep.package.path,)
    assert built.files() == {"x": f"lib\n{deep.package.path}\n{OUT}\n"}


def test_dependencies_are_unpacked_once(build: Build, tmp_path: Path) -> None:
    package = library(build).as_input("library")
    script = "cat $library/data > $out/x; ! touch $library/data"
    build(script, inputs=(package,))
    os.remove(package.segment)
    assert build(script, inputs=(package,)).files() == {"x": "lib\n"}
    names = sorted(os.listdir(tmp_path / "cache" / "packages"))
    assert names == [package.sha256, f"{package.sha256}.lock"]


def test_bin_directories_of_dependencies_are_in_the_path(build: Build) -> None:
    script = "mkdir $out/bin; echo 'echo hi' > $out/bin/x; chmod +x $out/bin/x"
    tool = build(script, path=StorePath("1" * 32, "tool-1"))
    assert build("x > $out/x", inputs=(tool.as_input("tool"),)).files() == {"x": "hi\n"}


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("true", "`script` wrote nothing to $out: make it install the package's files there"),
        ("rm -r $out", "`script` replaced the directory $out by something else"),
        ("rm -r $out; touch $out", "keep the directory, and install the package's files"),
        ("rm -r $out; ln -s /usr $out", "replaced the directory $out by something else"),
        (
            "touch $out/x /store/x",
            "`script` wrote /store/x, which is not its own: the only place in the store that a "
            "build may write to is $out.",
        ),
        ("mkfifo $out/x", "'x' is a pipe, which a package can't contain: remove it in `script`"),
        ("ln -s /etc/passwd $out/x", "'x' links to /etc/passwd, outside the store"),
        (
            "cat > $out/x <<EOF\na\n  EOF\ntouch $out/y",
            "`script` has a here-document that does not end: put the word that follows `<<` alone",
        ),
        ("echo $src > $out/x", "'x' contains /build/source, a path of the build directory"),
    ],
)
def test_a_result_that_can_not_be_kept(build: Build, script: str, sentence: str) -> None:
    with pytest.raises(LadingError) as raised:
        build(script)
    assert sentence in str(raised.value)
    assert not Path("segment.tar").exists()


def test_what_fails_is_told_with_the_end_of_its_log(build: Build, tmp_path: Path) -> None:
    with pytest.raises(LadingError) as raised:
        build("for n in {1..40}; do echo line $n; done; no-such-command; echo unreached")
    log = tmp_path / "cache" / "logs" / f"{OUT.base}.log"
    begin = (
        "`script` failed (status 127). `no-such-command` was not found: add the Debian package "
        "that has it to `debian_packages` of the `build_root`, or a store package that has it to "
        f"`dependencies`. The whole log is in {log}; its last lines:\n  line 12\n"
    )
    assert str(raised.value).startswith(begin)
    assert str(raised.value).endswith("no-such-command: command not found")
    assert "line 1\n" in log.read_text() and "unreached" not in log.read_text()


def test_nixpkgs_377363_a_full_disk_is_told_where_the_log_has_no_room_for_it(
    build: Build, tmp_path: Path
) -> None:
    def fill() -> str:
        with pytest.raises(LadingError) as raised:
            build("cat /dev/zero > $out/file")
        return str(raised.value)

    small = tmp_path / "build-1"
    small.mkdir()
    sentence = on_small_disk(small, "size=40m", fill)
    begin = (
        "`script` failed (status 1). There is hardly any room left on a disk. Where sandboxes lie, "
    )
    assert sentence.startswith(begin)
    assert " on a larger disk. The log is empty." in sentence


def test_what_a_script_says_of_its_steps_is_shown_as_far_as_it_can_be_read(build: Build) -> None:
    script = "printf '\\033[2J' > /build/.step; printf '%060000000d' 0 >> /build/.step; exit 1"
    with pytest.raises(LadingError) as raised:
        build(script)
    assert str(raised.value).startswith("\\x1b[2J000")
    assert len(str(raised.value)) < 1000


def test_a_link_to_a_package_in_the_place_of_out_is_an_error(build: Build) -> None:
    """`ln` puts a link into an existing directory."""
    with pytest.raises(LadingError) as raised:
        build("ln -s $library $out", inputs=(library(build).as_input("library"),))
    assert str(raised.value) == (
        f"`script` made $out/{'1' * 32}-library-2, which is the name of another package: $out "
        "already exists as a directory, so `ln` and `cp` put things into it. Link or copy what "
        "is in the other package instead, as in `ln -s $redis/* $out`."
    )


def test_a_link_to_itself_in_the_place_of_out_is_an_error(build: Build) -> None:
    with pytest.raises(LadingError, match="'x' links to x, which does not exist"):
        build("ln -s x $out")


def test_what_is_built_is_nobody_elses_to_see(build: Build) -> None:
    built = build("mkdir -p $out/a; touch $out/x")
    for directory in (built.directory, built.directory / "work"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_where_no_build_user_can_be_had_a_build_is_the_callers(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example on an old kernel. The bytes are the same."""
    script = 'mkdir $out/bin; stat --format "%U %n" $out /usr/bin/env > $out/x'
    usual = build(script)

    def refuse(mount: int, user_namespace: int) -> None:
        raise OSError("a kernel of old")

    monkeypatch.setattr(linux, "map_ids", refuse)
    built = build(script)
    assert (built.directory / "work" / "store" / OUT.base / "x").stat().st_uid == os.getuid()
    assert built.package == usual.package


def test_directories_that_a_build_closed_are_open_for_their_owner_afterwards(
    build: Build, tmp_path: Path
) -> None:
    """Otherwise only root could ever remove them."""
    script = "mkdir -p /build/a/b; touch $out/x; chmod 000 /build/a/b /build/a"
    for end, is_error in (("", False), ("; exit 1", True)):
        built = request_of(build, tmp_path, script + end)
        with tempfile.TemporaryDirectory() as elsewhere:
            directory = Path(elsewhere, "sandbox")
            try:
                run_program(built, directory, ORDINARY)
                assert not is_error
            except subprocess.CalledProcessError:
                assert is_error
            mode = (directory / "work" / "build" / "a" / "b").stat().st_mode
            assert stat.S_IMODE(mode) == 0o700


# A tree deeper than a path can be long.
_DEEP = "name=$(printf %0200d 0); for _ in {1..30}; do mkdir $name; cd $name; done; "


@pytest.mark.parametrize(
    "script, expected",
    [
        ("touch $out/x; chmod 000 /build /store", ""),
        ("chmod 000 /build /store; exit 1", "failed (status 1)"),
        (f"touch $out/x; cd /build; {_DEEP}", ""),
        (f"touch $out/x; cd /build; {_DEEP} chmod 000 .; exit 1", "failed (status 1)"),
        (f"cd $out; {_DEEP}", "its path is longer than Linux takes"),
    ],
)
def test_no_tree_of_a_build_makes_a_traceback(
    script: str, expected: str, build: Build, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    built = request_of(build, tmp_path, script)
    with tempfile.TemporaryDirectory() as elsewhere:
        directory = Path(elsewhere, "sandbox")
        with suppress(subprocess.CalledProcessError):
            run_program(built, directory, ORDINARY)
        # `shutil.rmtree` keeps a file open for each level, or recurses.
        subprocess.run(["rm", "-r", directory / "work"], check=True, **ORDINARY)
    output = capfd.readouterr().err
    assert expected in output and "Traceback" not in output
    assert bool(output) == bool(expected)


def test_what_is_left_in_out_is_limited(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if it took no space on the disk, or too briefly to be noticed."""
    monkeypatch.setattr(Limits, "load", lambda: Limits(max_disk_size=1_000_000))
    fill = "printf '%0600000d' 0 >$out/a"
    build(f"{fill}; ln $out/a $out/b")
    with pytest.raises(LadingError, match=r"the files in \$out have 1,200,000 bytes, .* 1,000,000"):
        build(f"{fill}; mkdir $out/d; cp $out/a $out/d/b; chmod 000 $out/d")


@pytest.mark.parametrize("script", ["false | true; touch $out/x", "false; touch $out/x"])
def test_a_script_stops_at_the_first_failure(build: Build, script: str) -> None:
    with pytest.raises(LadingError, match="`script` failed"):
        build(script)


def test_a_default_build_that_fails_is_not_blamed_on_a_script(build: Build) -> None:
    begin = re.escape("`script` is unset, and the default build (`./configure`, `make`, `make ins")
    with pytest.raises(LadingError, match=begin):
        build("")


def test_a_script_can_not_pretend_another_step(build: Build) -> None:
    """The worst it can do is to change the wording of its own failure."""
    with pytest.raises(LadingError, match=r"`script` failed \(status 1\)"):
        build("rm /build/.step; ln -s /etc/passwd /build/.step; exit 1")


def test_a_build_root_without_a_shell_is_told_with_the_remedy(build: Build, tmp_path: Path) -> None:
    deb = make_deb(tmp_path / "cat.deb", [("usr/bin/cat", b"")])
    with pytest.raises(LadingError, match="the build root can't run /bin/bash .*debian_packages"):
        build("", debs={hashlib.sha256(deb.read_bytes()).hexdigest(): str(deb)})


def test_modes_that_lock_out_the_builder_do_no_harm(build: Build) -> None:
    script = "mkdir -p $out/a/b; echo x > $out/a/b/c; chmod 0 $out/a/b/c $out/a/b $out/a $out"
    assert build(script).files() == {"a/b/c": "x\n"}


# Sources.


def tar_of(*members: str, mode: str = "w") -> bytes:
    """A tar archive of files that contain their own names."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode=mode) as archive:
        for name in members:
            info = tarfile.TarInfo(name)
            info.mode, info.uid, info.size = 0o500, 12345, len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    return output.getvalue()


def zip_of(*members: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name in members:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o100755 << 16
            archive.writestr(info, name)
    return output.getvalue()


def archive_of(name: str, members: List[str]) -> bytes:
    """An archive of the kind in its name."""
    suffix = name.rpartition(".")[2]
    if suffix in ("zip", "whl"):
        return zip_of(*members)
    return tar_of(*members, mode={"tar": "w", "bz2": "w:bz2", "xz": "w:xz"}.get(suffix, "w:gz"))


def source(directory: Path, name: str, content: bytes) -> RequestedSource:
    (directory / name).write_bytes(content)
    return RequestedSource(name, str(directory / name))


# Writes the list of all files with their content.
LIST = """
shopt -s dotglob globstar nullglob
for file in **; do [ -d "$file" ] || echo "$file $(cat "$file")"; done > $out/list
"""


@pytest.mark.parametrize(
    ("name", "members", "listing"),
    [
        ("a.tar", ["a-1/x", "a-1/y/z"], ["x a-1/x", "y/z a-1/y/z"]),
        ("a.tar.gz", ["a-1/x"], ["x a-1/x"]),
        ("a.tgz", ["a-1/x"], ["x a-1/x"]),
        ("a.tar.bz2", ["a-1/x"], ["x a-1/x"]),
        ("a.tar.xz", ["a-1/x"], ["x a-1/x"]),
        ("a.crate", ["a-1/x"], ["x a-1/x"]),
        ("a.zip", ["a-1/x", "a-1/y/z"], ["x a-1/x", "y/z a-1/y/z"]),
        ("a.whl", ["a/x", "a.dist-info/y"], ["a.dist-info/y a.dist-info/y", "a/x a/x"]),
        # With two entries, or a single file, there is no wrapper directory.
        ("a.tar", ["a/x", "b/y"], ["a/x a/x", "b/y b/y"]),
        ("a.tar", ["a/x", ".hidden"], [".hidden .hidden", "a/x a/x"]),
        ("a.tar", ["a/.x/y"], [".x/y a/.x/y"]),
        ("a.tar", ["x"], ["x x"]),
        ("a.tar", [], []),
    ],
)
def test_a_source_is_unpacked_by_its_name(
    build: Build, tmp_path: Path, name: str, members: List[str], listing: List[str]
) -> None:
    built = build(LIST, source=source(tmp_path, name, archive_of(name, members)))
    assert built.files()["list"].splitlines() == listing


@pytest.mark.parametrize("name", ["a.c", "a.gz", "a b.txt"])
def test_a_file_that_is_no_archive_lies_in_the_source(
    build: Build, tmp_path: Path, name: str
) -> None:
    built = build(LIST, source=source(tmp_path, name, b"x"))
    assert built.files()["list"] == f"{name} x\n"


def test_a_debian_package_is_the_root_of_a_file_system(build: Build, tmp_path: Path) -> None:
    deb = make_deb(tmp_path / "a_1.deb", [("usr/share/x", b"1")])
    built = build(LIST, source=RequestedSource(deb.name, str(deb)))
    assert built.files()["list"] == "usr/share/x 1\n"


def test_a_single_link_is_no_wrapper(build: Build, tmp_path: Path) -> None:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/usr"
        archive.addfile(info)
    built = build("ls -A > $out/x", source=source(tmp_path, "a.tar", output.getvalue()))
    assert built.files() == {"x": "link\n"}


def test_programs_in_archives_can_be_run(build: Build, tmp_path: Path) -> None:
    script = "[ -x x ] && [ -w x ] && touch $out/ok"
    for name in ("a.tar", "a.zip"):
        archive = source(tmp_path, name, archive_of(name, ["a/x"]))
        assert build(script, source=archive).files() == {"ok": ""}


def test_an_archive_that_is_none_is_told_with_its_name(build: Build, tmp_path: Path) -> None:
    for name in ("a.tar.gz", "a.zip", "a.deb"):
        with pytest.raises(LadingError) as raised:
            build("touch $out/x", source=source(tmp_path, name, b"<html>"))
        assert str(raised.value).startswith(f"`source`: {name} can't be unpacked (status ")


def make_tree(directory: Path) -> RequestedSource:
    (directory / "tree" / "b").mkdir(parents=True)
    for name in ("a", "b/c"):
        (directory / "tree" / name).write_text(name)
    return RequestedSource("tree", str(directory / "tree"), True, ("b/c",))


def test_a_tree_is_entered(build: Build, tmp_path: Path) -> None:
    """It is writable, its programs are executable, and its times are not those of the build."""
    script = """
        stat --format "%n %a %Y" a b/c > $out/list
        echo more >> a
        cp a $out/a
    """
    built = build(script, source=make_tree(tmp_path))
    assert built.files() == {"a": "amore\n", "list": "a 644 315532800\nb/c 755 315532800\n"}


def test_further_sources_lie_beside_each_other(build: Build, tmp_path: Path) -> None:
    sources = (source(tmp_path, "x.txt", b"1"), source(tmp_path, "y.tar", tar_of("y/z")))
    script = """
        cat $sources/x.txt $sources/tree/b/c > $out/x
        unpack $sources/y.tar /build/y
        cp /build/y/z $out/z
        ls > $out/empty
    """
    built = build(script, further_sources=(*sources, make_tree(tmp_path)))
    assert built.files() == {"x": "1b/c", "z": "y/z", "empty": ""}


# Patches.


def patch(old: str, new: str, file: str = "x") -> bytes:
    """A patch with three lines of context, for the file that `make_text` makes."""
    return (
        f"--- a/{file}\n+++ b/{file}\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-{old}\n+{new}\n 6\n 7\n 8\n"
    ).encode()


def make_text(directory: Path) -> RequestedSource:
    (directory / "text").mkdir()
    (directory / "text" / "x").write_text("".join(f"{number}\n" for number in range(1, 11)))
    return RequestedSource("text", str(directory / "text"), True)


def requested_patches(directory: Path, *contents: bytes) -> Tuple[RequestedSource, ...]:
    """Patches; the later ones come first in the alphabet."""
    return tuple(
        source(directory, f"{'zyx'[index]}.patch", content)
        for index, content in enumerate(contents)
    )


def test_patches_are_applied_in_the_order_of_the_request(build: Build, tmp_path: Path) -> None:
    patches = requested_patches(tmp_path, patch("5", "five"), patch("five", "fünf"))
    script = 'cp x $out/x; ls -A > $out/list; [ -z "$lading_patch$lading_name" ]'
    built = build(script, source=make_text(tmp_path), patches=patches)
    assert "4\nfünf\n6\n" in built.files()["x"]
    assert built.files()["list"] == "x\n"


def test_a_patch_may_be_some_lines_off_and_leaves_nothing(build: Build, tmp_path: Path) -> None:
    content = patch("5", "five").replace(b"@@ -2,7 +2,7 @@", b"@@ -3,7 +3,7 @@")
    patches = requested_patches(tmp_path, content)
    built = build("ls -A > $out/list", source=make_text(tmp_path), patches=patches)
    assert built.files() == {"list": "x\n"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (patch("nine", "five"), "another line is there"),
        (patch("5", "five").replace(b" 8\n", b" eight\n"), "it would fit with fuzz"),
        (patch("five", "5"), "it would fit in reverse: it is applied already"),
        (patch("5", "five", "y"), "there is no such file"),
        (b"--- a/x\n+++ b/x\n@@ -2,7 +2,7 @@\n 2\n", "it is cut off"),
    ],
)
def test_a_patch_that_does_not_fit_is_told_with_its_name(
    build: Build, tmp_path: Path, content: bytes, reason: str
) -> None:
    patches = requested_patches(tmp_path, patch("5", "five").replace(b"5", b"5"), content)
    with pytest.raises(LadingError) as raised:
        build("touch $out/x", source=make_text(tmp_path), patches=patches[1:])
    begin = "`patches`: y.patch does not apply to the source (status "
    assert str(raised.value).startswith(begin), reason


# The script for packages without one.

MAKEFILE = """
all:
\techo built > app
install:
\tinstall -D app $(PREFIX)/share/app
"""


def test_without_a_script_make_builds_and_installs(build: Build, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "Makefile").write_text(MAKEFILE)
    built = build("", source=RequestedSource("tree", str(tmp_path / "tree"), True))
    assert built.files() == {"share/app": "built\n"}


def test_without_a_script_configure_comes_first(build: Build, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    configure = "#!/bin/sh\nmkdir ${1#--prefix=}/etc\necho $1 >> options\nmv Makefile.in Makefile\n"
    (tmp_path / "tree" / "configure").write_text(configure)
    (tmp_path / "tree" / "Makefile.in").write_text(
        MAKEFILE.replace("built", "$(shell cat options)")
    )
    tree = RequestedSource("tree", str(tmp_path / "tree"), True, ("configure",))
    built = build("default_script; touch $out/etc/more", source=tree)
    assert built.files() == {"etc/more": "", "share/app": f"--prefix={OUT}\n"}


# The same on every machine.


@pytest.mark.parametrize(
    "options",
    [
        {"preexec_fn": lambda: os.umask(0o077)},
        {"preexec_fn": lambda: os.umask(0)},
        {"env": {"LC_ALL": "C", "TZ": "Asia/Tokyo", "HOME": "/nowhere", "out": "1"}},
        ORDINARY,
    ],
    ids=str,
)
def test_the_bytes_are_the_same_whoever_builds(
    build: Build, tmp_path: Path, options: Dict[str, Any]
) -> None:
    script = """
        mkdir $out/share
        (umask 077; cp -r . $out/share/text)
        install -m 700 x $out/private
        env -u JOBS -u src -u sources -u PWD > $out/env
        stat --format "%Y" x > $out/times
        stat --format "%u %g %a %n" . x /build /tmp $out /usr/bin/env /etc/passwd > $out/modes
        # Not their sizes: what is shipped has no comments.
        (cd /lading; stat --format "%A %U %G %Y %n" . * source/*) > $out/ls
        tar -cf $out/all.tar x
        ln x y; cp -a x y $out/share
    """
    here = build(script, source=make_text(tmp_path))
    # Not in tmp_path, to which only the test's user has access.
    with tempfile.TemporaryDirectory() as elsewhere:
        directory = Path(elsewhere, "a", "deeper", "place")
        run_program(here, directory, options)
        for name in ("segment.tar", "package.json", "members.json"):
            assert (directory / name).read_bytes() == (here.directory / name).read_bytes()


@pytest.mark.parametrize("kind", SANDBOXES)
def test_the_bytes_are_the_same_in_both_sandboxes(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    script = """
        mkdir $out/share
        cp -r . $out/share/text
        cp -a /lading/source $library $out/share
        install -m 700 x $out/private
        env -u JOBS -u src -u sources -u PWD > $out/env
        stat --format "%Y" x > $out/times
        stat --format "%a %n" . x /build /tmp $out /usr/bin/env /etc/passwd > $out/modes
        stat --format "%Y %n" /usr/bin /usr/bin/env $library $library/* >> $out/modes
        (cd /lading; stat --format "%A %Y %n" . * source/*) > $out/ls
        id -un >> $out/env
        ln x y; cp -a x y $out/share
    """
    text, inputs = make_text(tmp_path), (library(build).as_input("library"),)
    here = build(script, source=text, inputs=inputs)
    monkeypatch.setattr(realise, "needs_chroot", lambda: kind == "chroot")
    there = build(script, source=text, inputs=inputs)
    assert (there.directory / "work" / "root").exists() == (kind == "chroot")
    assert (there.package, there.members, there.files()) == (
        here.package,
        here.members,
        here.files(),
    )


def test_a_name_of_the_machine_in_the_output_is_an_error(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "traces", ("runner-17",))
    with pytest.raises(LadingError, match="'x' contains runner-17, which names the machine"):
        build("echo built on runner-17 > $out/x")


def test_nixpkgs_75888_builds_at_once_do_not_see_each_other_s_halves(
    build: Build, tmp_path: Path
) -> None:
    """Each needs the same package and build root, which have not been unpacked before."""
    built = build("cat $library/data > $out/x", inputs=(library(build).as_input("library"),))
    processes = []
    for number in range(4):
        directory = tmp_path / f"at-once-{number}"
        lay_out(directory, tmp_path / "new-cache")
        shutil.copy(built.directory / "request.json", directory)
        argv = [sys.executable, "-B", "-m", "lading.store.build.realise", "request.json"]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        processes.append(subprocess.Popen(argv, cwd=directory, env=environ))
    assert [process.wait() for process in processes] == [0] * 4
    for number in range(4):
        segment = tmp_path / f"at-once-{number}" / "segment.tar"
        assert segment.read_bytes() == (built.directory / "segment.tar").read_bytes()


def request_of(build: Build, tmp_path: Path, script: str) -> Built:
    """A build of `script` that has not been run."""
    built = build("touch $out/x", source=make_tree(tmp_path / str(len(list(tmp_path.iterdir())))))
    request = read_json(RealiseRequest, (built.directory / "request.json"))
    (built.directory / "request.json").write_text(to_json(replace(request, script=script)))
    return built


def run_program(built: Built, directory: Path, options: Mapping[str, Any]) -> None:
    """Build again in `directory`, with only the files that Pants would put there."""
    request = read_json(RealiseRequest, (built.directory / "request.json"))
    assert request.source
    ((digest, deb),) = request.debs.items()
    lay_out(directory, directory / "cache")
    shutil.copy(deb, directory / "programs.deb")
    shutil.copytree(request.source.path, directory / "source")
    for name, content in program_files("lading.store.build.realise").items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    source = replace(request.source, path="source")
    relative = replace(request, debs={digest: "programs.deb"}, source=source)
    (directory / "request.json").write_text(to_json(relative))
    for parent in (directory, directory / "cache", *list(directory.parents)[:3]):
        os.chmod(parent, 0o777)
    subprocess.run(
        [public_interpreter(), "-B", "-m", "lading.store.build.realise", "request.json"],
        cwd=directory,
        check=True,
        **options,
    )


def public_interpreter() -> str:
    """A Python that any user may run, which the tests' Python may not be."""
    candidates = [Path(os.path.realpath(sys.executable)), Path("/usr/bin/python3")]
    return next(
        str(path)
        for path in candidates
        if path.exists() and all(parent.stat().st_mode & 0o001 for parent in path.parents)
    )
