"""None"""

import gzip
import hashlib
import os
import signal
import struct
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from lading.image.layers.package_testing import Link, MakePackage, Program, Tree
from lading.image.programs.run_as_root_testing import (
    Account,
    Member,
    Runner,
    directory,
    hard_link,
    layer,
    member,
    programs_layer,
    scratch_user,
    symlink,
)
from lading.namespaces.limits import Limits

#: Version 2 of VFS_CAP (linux/capability.h): permitted and effective NET_BIND_SERVICE.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)

#: Entries of a POSIX ACL (linux/posix_acl_xattr.h): of the owner, of uid 7, of the group, the mask,
#: of others.
ACCESS = (
    *(1, 6, 0xFFFFFFFF),
    *(2, 4, 7),
    *(4, 4, 0xFFFFFFFF),
    *(16, 4, 0xFFFFFFFF),
    *(32, 0, 0xFFFFFFFF),
)

BASE = programs_layer()


@pytest.fixture(scope="module")
def account(request: Any) -> Iterator[Account]:
    """Root, and an ordinary user with subordinate ids: whoever runs the tests, or a new one if that
    is root."""
    if request.param == "root" or os.getuid():
        yield Account.current()
    else:
        yield from scratch_user(f"lading-{os.getpid()}")


@pytest.fixture
def runner(account: Account) -> Iterator[Runner]:
    runner = Runner.of(account)
    yield runner
    left = runner.leftovers()
    runner.remove()
    assert left == []


@pytest.fixture
def root_runner() -> Iterator[Runner]:
    runner = Runner.of(Account.current())
    yield runner
    runner.remove()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "account" in metafunc.fixturenames:
        metafunc.parametrize("account", ["root", "user"], indirect=True, scope="module")


#: Source, commands, members of the layer.
CASES = [
    ("nothing", "true", []),
    ("a touched file", "touch d/x; chmod 600 d/x; chmod 644 d/x", []),
    ("a file that was replaced", "cp d/x d/z; mv d/z d/x", []),
    ("a new file", "echo 1 >d/z", ["d", "d/z"]),
    ("umoci#254", "rm -r d", [".wh.d"]),
    ("singularity#884", "rm d/x", ["d", "d/.wh.x"]),
    ("kaniko#2308", "rm -r d; ln -s tmp d", ["d"]),
    ("kaniko#2050: deleted in a layer below", "rm -f gone", []),
    ("ggcr#1897", "rm -r d; mkdir d; echo 1 >d/z", ["d", "d/.wh.x", "d/.wh.y", "d/z"]),
    ("ggcr#2191", "rm d/x; echo new >d/x", ["d", "d/x"]),
    ("nixpkgs#56209: a read-only directory", "mkdir closed/new", ["closed", "closed/new"]),
    ("rules_docker#37: /tmp", "echo 1 >tmp/x", ["tmp", "tmp/x"]),
    ("a pipe", "mkfifo -m 600 d/p", ["d", "d/p"]),
    (
        "ldconfig's cache of inodes",
        "mkdir -p var/cache/ldconfig; echo 1 >var/cache/ldconfig/aux-cache",
        ["var", "var/cache", "var/cache/ldconfig"],
    ),
    ("what is mounted", "echo 1 >/dev/shm/x; echo 2 >/dev/null", []),
    ("hard links", "ln d/x d/z", ["d", "d/x", "d/z"]),
    ("nixpkgs#55290: the same file in two layers", '[ "$(cat twice)" = upper ]', []),
    ("nixpkgs#57073: behind a link", "echo 1 >lib64x/new", ["usr", "usr/new"]),
    ("odd names", "cd ö; echo 1 >'a b'; echo 2 >ü; rm ö", ["ö", "ö/.wh.ö", "ö/a b", "ö/ü"]),
]


@pytest.mark.parametrize("source, commands, expected", CASES, ids=[case[0] for case in CASES])
def test_what_the_commands_change(
    source: str, commands: str, expected: List[str], runner: Runner
) -> None:
    lower = layer(
        *(directory("d"), member("d/x", b"x"), member("d/y"), member("gone")),
        *(directory("closed", 0o555), member("twice", b"lower"), directory("usr")),
        *(symlink("lib64x", "usr"), directory("ö"), member("ö/ö")),
    )
    upper = layer(member(".wh.gone"), member("twice", b"upper"), compressed=True)
    outcome = runner.run(commands, [BASE, lower, upper])
    assert outcome.names == expected


def test_nixpkgs_116749_owners_and_modes_persist(runner: Runner) -> None:
    outcome = runner.run(
        "mkdir -p /srv/a; chown 1000:1001 /srv; chmod 2750 /srv\n"
        "cp /bin/true /srv/su; chown 65534:65534 /srv/su; chmod 4755 /srv/su\n"
        "ln -s su /srv/link; chown -h 12345:12345 /srv/link; chmod 1777 /srv/a",
        [BASE],
    )
    assert [(info.name, info.uid, info.gid, oct(info.mode)) for info in outcome.members] == [
        ("srv", 1000, 1001, "0o2750"),
        ("srv/a", 0, 0, "0o1777"),
        ("srv/link", 12345, 12345, "0o777"),
        ("srv/su", 65534, 65534, "0o4755"),
    ]
    assert outcome.content("srv/su") == Path("/bin/true").read_bytes()


def test_rules_img_745_parents_keep_owner_and_mode(runner: Runner) -> None:
    lower = layer(directory("home", 0o711, (3, 4)), directory("home/x", 0o700, (5, 6)))
    outcome = runner.run("echo 1 >/home/x/f", [BASE, lower])
    assert [(info.name, info.uid, info.gid, oct(info.mode)) for info in outcome.members] == [
        ("home", 3, 4, "0o711"),
        ("home/x", 5, 6, "0o700"),
        ("home/x/f", 0, 0, "0o644"),
    ]


def test_file_capabilities_and_hard_links_persist(runner: Runner) -> None:
    text = CAPABILITY.decode("utf-8", "surrogateescape")
    lower = layer(member("ping", b"ping", mode=0o755, capability=text), hard_link("pong", "ping"))
    outcome = runner.run(
        "cp --preserve=all ping copy; ln copy copy2; chmod 711 pong", [BASE, lower]
    )
    assert outcome.names == ["copy", "copy2", "ping", "pong"]
    for name in ("copy", "ping"):
        found = outcome.member(name).pax_headers["SCHILY.xattr.security.capability"]
        assert found.encode("utf-8", "surrogateescape") == CAPABILITY
    assert outcome.member("copy2").islnk() and outcome.member("copy2").linkname == "copy"
    assert outcome.member("pong").islnk() and oct(outcome.member("pong").mode) == "0o711"


def test_umoci_578_attributes_of_machines_stay_out(runner: Runner) -> None:
    info, content = member("g")
    info.pax_headers = {"SCHILY.xattr.security.selinux": "label", "SCHILY.xattr.user.x": "1"}
    outcome = runner.run("chmod 600 f g", [BASE, layer(member("f"), (info, content))])
    assert [info.pax_headers for info in outcome.members] == [{}, {"SCHILY.xattr.user.x": "1"}]


def test_attributes_that_commands_give_persist(runner: Runner) -> None:
    acl = struct.pack("<I" + 5 * "HHI", 2, *ACCESS).decode("utf-8", "surrogateescape")
    info, content = member("f", mode=0o640)
    info.pax_headers = {"SCHILY.xattr.user.x": "1", "SCHILY.xattr.system.posix_acl_access": acl}
    outcome = runner.run("cp -a f g; touch -d 2020-01-01 f", [BASE, layer((info, content))])
    assert outcome.names == ["g"]
    assert outcome.member("g").pax_headers == info.pax_headers


def test_attributes_that_the_disk_can_not_hold_are_reported_once(runner: Runner) -> None:
    info, content = member("pipe", type=tarfile.FIFOTYPE)
    info.pax_headers = {"SCHILY.xattr.user.x": "1", "SCHILY.xattr.user.y": "1"}
    outcome = runner.run("true", [BASE, layer((info, content))])
    assert outcome.status == 0
    assert outcome.stderr == (
        "2 extended attributes of the image's files, such as user.x of /pipe, can't be set in the "
        "temporary directory, so commands don't see them and files that they change lose them.\n"
    )


def _device(name: str, type: bytes, major: int, minor: int) -> Member:
    info, content = member(name, type=type, mode=0o640, owner=(0, 6))
    info.devmajor, info.devminor = major, minor
    return info, content


#: Commands, and the members of the layer with their types, modes and devices.
DEVICE_CASES = [
    ("[ -c opt/null ]; [ $(stat -c %a%g opt/null) = 6406 ]; ! echo x >opt/null; ls dev", []),
    ("rm opt/null; [ ! -e opt/null ]", ["opt 5 755", "opt/.wh.null 0 644"]),
    ("rm opt/null; echo 1 >opt/null", ["opt 5 755", "opt/null 0 644"]),
    ("rm -rf /opt; mkdir /opt", ["opt 5 755", "opt/.wh.disk 0 644", "opt/.wh.null 0 644"]),
    ("chmod 600 opt/null", ["opt 5 755", "opt/null 3 600 1:3"]),
    (
        "mv opt/disk etc/d; ln opt/null etc/n",
        *[
            ["etc 5 755", "etc/d 4 640 8:17", "etc/n 3 640 1:3", "opt 5 755", "opt/.wh.disk 0 644"]
            + ["opt/null 1 640"]
        ],
    ),
]


@pytest.mark.parametrize("commands, expected", DEVICE_CASES)
def test_devices_of_the_base_are_there_and_stay_what_they_are(
    commands: str, expected: List[str], runner: Runner
) -> None:
    base = layer(
        *(directory("opt"), _device("opt/null", tarfile.CHRTYPE, 1, 3)),
        *(_device("opt/disk", tarfile.BLKTYPE, 8, 17), _device("dev/sda", tarfile.BLKTYPE, 8, 0)),
    )
    outcome = runner.run(commands, [BASE, base])
    found = [
        f"{info.name} {info.type.decode()} {info.mode:o}"
        + (f" {info.devmajor}:{info.devminor}" if info.isdev() and not info.isfifo() else "")
        for info in outcome.members
    ]
    assert found == expected


def test_a_device_of_the_commands_is_refused(runner: Runner) -> None:
    assert "made the device /x, whose device numbers" in runner.run("mknod x c 0 0", [BASE]).stderr


def test_jib_4204_headers_hold_nothing_of_the_machine(runner: Runner) -> None:
    """kaniko#2005"""
    outcome = runner.run("echo 1 >/f; mkdir /e", [BASE])
    for info in outcome.members:
        assert (info.mtime, info.uname, info.gname, info.pax_headers) == (1, "", "", {})


def test_the_layer_is_described(runner: Runner) -> None:
    outcome = runner.run("echo 1 >/f", [BASE])
    described = outcome.layer
    assert described.size == len(outcome.blob)
    assert described.digest.hex == hashlib.sha256(outcome.blob).hexdigest()
    assert described.diff_id.hex == hashlib.sha256(gzip.decompress(outcome.blob)).hexdigest()
    assert described.created_by == "lading: run_as_root"


def test_users_that_commands_add_are_known(runner: Runner) -> None:
    outcome = runner.run("echo redis:x:999:999::/: >/etc/passwd; rm -r /tmp", [BASE])
    assert outcome.tree.accounts.uid_of("redis") == 999
    assert sorted(outcome.tree.entries) == ["bin", "etc", "etc/passwd"]


def test_nixpkgs_24947_289813_other_users_directories_and_umasks_give_the_same_bytes(
    runner: Runner, root_runner: Runner
) -> None:
    commands = "mkdir -p a/b; echo 1 >a/b/c; ln a/b/c a/d; chown 1:2 a; rm bin/true; id >who; umask"
    one = root_runner.run(commands, [BASE])
    environment = {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo", "LANG": "xx", "HOME": "/nowhere"}
    two = runner.run(commands, [BASE], environment=environment, umask=0o077)
    assert one.blob == two.blob
    assert two.content("who") == b"uid=0 gid=0 groups=0\n"


def test_what_the_commands_see(runner: Runner) -> None:
    outcome = runner.run(
        "hostname >/seen; umask >>/seen; echo $0 $$ $HOME $USER $TZ $SOURCE_DATE_EPOCH >>/seen\n"
        "echo $PATH >>/seen; ls /proc/sys/net/ipv4/conf >>/seen; ls /dev >>/seen; pwd >>/seen",
        [BASE],
        env={"PATH": "/opt/bin:/bin"},
        environment={"SECRET": "1"},
    )
    assert outcome.content("seen").decode().splitlines() == [
        *("lading", "0022", "run_as_root 3 /root root UTC 1", "/opt/bin:/bin"),
        *("all", "default", "lo", "fd", "full", "null", "ptmx", "pts", "random", "shm"),
        *("stderr", "stdin", "stdout", "tty", "urandom", "zero", "/"),
    ]


def test_a_failing_command_ends_it_with_the_log(runner: Runner) -> None:
    outcome = runner.run("echo first\ncat /missing\necho never", [BASE])
    assert outcome.status == 65
    sentence, _, tail = outcome.stderr.partition("its last lines:\n")
    assert "`run_as_root` failed (status 1). The whole log is in " in sentence
    assert tail == "  first\n  cat: /missing: No such file or directory\n"
    (kept,) = outcome.directory.glob(".lading/cache/logs/run_as_root-*.log")
    assert f"{kept.resolve()};" in sentence
    assert not list(outcome.directory.glob("layer.tar.gz*"))


def test_a_command_that_is_killed_ends_it(runner: Runner) -> None:
    assert "failed (status 137)" in runner.run("kill -9 $$", [BASE]).stderr


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/dash"])
def test_a_here_document_without_an_end_is_an_error(
    shell: str, runner: Runner, make_package: MakePackage
) -> None:
    """It would silently swallow the commands after it."""
    tools = [make_package("kit", {"bin/sh": Program(Path(shell).read_bytes())})]
    outcome = runner.run("cat >/x <<EOF\none\n  EOF\ntouch /y", [BASE], tools=tools)
    assert outcome.status == 65
    assert "`run_as_root` has a here-document that does not end: put the word" in outcome.stderr
    assert runner.run("cat >/x <<EOF\none\nEOF", [BASE], tools=tools).names == ["x"]


def test_no_process_is_left(runner: Runner) -> None:
    started = time.monotonic()
    outcome = runner.run("sleep 1000 & echo $! >/pid", [BASE])
    assert outcome.names == ["pid"]
    assert time.monotonic() - started < 60


def test_without_a_shell_the_remedy_is_told(runner: Runner) -> None:
    outcome = runner.run("true", [layer(directory("etc"))])
    assert "needs a shell, and neither `run_as_root_tools` nor" in outcome.stderr


@pytest.mark.parametrize(
    "shell",
    [
        member("bin/sh", b"\x7fELF of another machine", mode=0o755),
        member("bin/sh", b"#!/bin/missing\n", mode=0o755),
        directory("bin/sh"),
    ],
    ids=["other machine", "no interpreter", "directory"],
)
def test_a_shell_that_can_not_be_started_is_told(shell: Member, runner: Runner) -> None:
    outcome = runner.run("true", [layer(directory("bin"), shell)])
    assert "`run_as_root` can't be run by /bin/sh of the image" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    "commands, env", [(f"true {'x' * (1 << 17)}", {}), ("true", {"A": "x" * (1 << 17)})]
)
def test_what_is_too_long_for_a_shell_is_told(
    commands: str, env: Dict[str, str], runner: Runner
) -> None:
    outcome = runner.run(commands, [BASE], env=env)
    assert "is longer than Linux allows for one argument" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("name", ["proc", "dev", "store"])
def test_mounts_never_follow_a_link_of_the_image(name: str, runner: Runner) -> None:
    outcome = runner.run("true", [BASE, layer(symlink(name, "/etc"))])
    assert f"in this image, whose /{name} is not a directory" in outcome.stderr


@pytest.mark.parametrize("tree", [{"": b"x"}, {"bin/x": b"x"}], ids=["file", "directory"])
def test_packages_are_never_mounted_behind_a_link_of_the_image(
    tree: Tree, runner: Runner, make_package: MakePackage
) -> None:
    package = make_package("package", tree)
    # Not by the path of the package, which is left out of layers.
    lower = layer(
        *(directory("store"), symlink("alias", "store")),
        symlink(f"alias/{package.path.base}", str(runner.parent / "victim")),
    )
    outcome = runner.run("true", [BASE, lower], packages=[package])
    assert f"whose /store/{package.path.base} is no" in outcome.stderr
    assert not (runner.parent / "victim").exists()


def test_a_name_that_would_delete_is_refused(runner: Runner) -> None:
    assert "made /d/.wh.x, but" in runner.run("mkdir d; echo 1 >d/.wh.x", [BASE]).stderr


def test_a_name_that_is_not_utf8_is_refused(runner: Runner) -> None:
    assert "is not UTF-8" in runner.run("echo 1 >$'\\xff'", [BASE]).stderr


@pytest.mark.parametrize(
    "commands",
    [
        "echo x >/store/$TOOL/bin/tool",
        "echo x >/store/new",
        "mkdir /store/new",
        "echo 1 >/proc/sys/kernel/hostname",
        "echo b >/proc/sysrq-trigger",
        "mknod /disk b 8 0",
        f"cat {os.path.abspath(__file__)}",
    ],
)
def test_what_the_commands_cannot_do(
    commands: str, runner: Runner, make_package: MakePackage
) -> None:
    tool = make_package("kit", {"bin/tool": Program(b"#!/bin/sh\n")})
    outcome = runner.run(commands, [BASE], tools=[tool], env={"TOOL": tool.path.base})
    assert "failed (status 1)" in outcome.stderr


def test_tools_are_on_path_and_stay_out(runner: Runner, make_package: MakePackage) -> None:
    tool = make_package("kit", {"bin/tool": Program(b"#!/bin/sh\necho $PATH\n"), "sbin/x": b""})
    library = make_package("library", {"lib/x": b""})
    outcome = runner.run(
        f"tool >/seen; [ -f {library.path}/lib/x ]", [BASE], tools=[tool], packages=[library]
    )
    assert outcome.names == ["seen"]
    usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    path = f"{tool.path}/bin:{tool.path}/sbin:{usual}"
    assert outcome.content("seen").decode() == f"{path}\n"
    # The file is PATH, so it names the tool.
    assert outcome.references == {str(tool.path): "seen"}


def test_a_package_may_be_one_file(runner: Runner, make_package: MakePackage) -> None:
    script = make_package("script", {"": Program(b"#!/bin/sh\necho ran\n")})
    outcome = runner.run(f"{script.path} >/seen", [BASE], packages=[script])
    assert outcome.names == ["seen"]
    assert outcome.content("seen") == b"ran\n"


def test_references_of_what_was_made_are_found(runner: Runner, make_package: MakePackage) -> None:
    one, two = make_package("first", {"bin/1": b""}), make_package("second", {"bin/2": b""})
    three = make_package("3", {"x": b""})
    outcome = runner.run(
        f"ln -s {one.path}/bin/1 /link; echo {two.path} >/d/file",
        [BASE, layer(directory("d"), member("d/old", str(three.path).encode()))],
        tools=[one, three],
        packages=[two],
    )
    assert outcome.references == {str(one.path): "link", str(two.path): "d/file"}


def test_a_package_in_a_layer_below_is_not_unpacked_again(
    runner: Runner, make_package: MakePackage
) -> None:
    package = make_package("package", {"bin/x": b"package"})
    base = f"store/{package.path.base}"
    lower = layer(
        *(directory("store"), directory(base), directory(f"{base}/bin")),
        *(member(f"{base}/bin/x", b"layer"), member("store/other", b"kept")),
    )
    outcome = runner.run(f"cat /{base}/bin/x /store/other >/x", [BASE, lower], packages=[package])
    assert outcome.names == ["x"]
    assert outcome.content("x") == b"packagekept"


def test_the_shell_is_the_first_tool_s_then_that_of_contents(
    runner: Runner, make_package: MakePackage
) -> None:
    tool = make_package("kit", {"bin/sh": Link("/bin/bash")})
    content = make_package("content", {"bin/sh": Link("/bin/bash")})
    commands = "ls -l /proc/$$/exe; echo $BASH >/x"
    cases = [([tool], [content], tool), ([], [content], content)]
    for tools, contents, expected in cases:
        outcome = runner.run(commands, [BASE], tools=tools, packages=contents, contents=contents)
        assert outcome.content("x").decode() == f"{expected.path}/bin/sh\n"


def test_others_see_nothing_of_what_the_commands_make(runner: Runner) -> None:
    process = runner.start("cp /bin/true /su; chmod 4755 /su; touch /started; sleep 1000", [BASE])
    (request,) = runner.parent.glob("*/request.json")
    request.parent.chmod(0o755)  # like the sandboxes of Pants
    tree = request.parent / "work" / "root"
    _wait_for(lambda: (tree / "started").exists())
    try:
        with pytest.raises(PermissionError):
            subprocess.run([tree / "su"], user=65534, group=65534, extra_groups=[], check=False)
    finally:
        process.terminate()
        process.wait()
    _wait_for(lambda: not list(tree.parent.glob("root*")))


@pytest.mark.parametrize(
    "limits, commands, sentence",
    [
        (
            Limits(timeout=1),
            "echo begun; (trap '' TERM; while true; do sleep 9; done) & kill -STOP $$",
            "`run_as_root` was still running after 1 s, and was stopped: if it needs longer, "
            "raise `run_as_root_timeout`, or `[lading].build_timeout` for all. The whole log is "
            "in ",
        ),
        (
            Limits(max_log_size=100_000),
            "echo begun; while true; do ls -l /bin; done",
            "`run_as_root` printed more than 100,000 bytes, and was stopped: make it print less, "
            "or ",
        ),
    ],
    ids=["time", "output"],
)
def test_commands_end_at_a_limit(
    limits: Limits, commands: str, sentence: str, runner: Runner
) -> None:
    outcome = runner.run(commands, [BASE], limits=limits)
    assert outcome.status == 65
    assert outcome.stderr.startswith(f"lading: error: {sentence}")


def test_a_tree_that_no_image_can_hold_is_told_and_removed(runner: Runner) -> None:
    deep = "i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done"
    assert "which is more than 256 names deep" in runner.run(deep, [BASE]).stderr


def test_what_commands_print_is_made_printable(runner: Runner) -> None:
    stderr = runner.run(r"echo $'\e]0;title\a'; exit 3", [BASE]).stderr
    assert "(status 3)" in stderr
    assert r"\x1b]0;title\x07" in stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_when_it_is_ended_nothing_is_left(number: int, runner: Runner) -> None:
    process = runner.start("touch /started; sleep 1000", [BASE])
    (request,) = runner.parent.glob("*/request.json")
    tree = request.parent / "work" / "root"
    _wait_for(lambda: (tree / "started").exists())
    process.send_signal(number)
    process.wait()
    _wait_for(lambda: not list(tree.parent.glob("root*")))


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nixpkgs_251995_a_user_without_subordinate_ids_is_told_what_is_missing() -> None:
    if os.getuid():
        pytest.fail("run the tests as root: others can't become the user nobody")
    runner = Runner.of(Account.named("nobody"))
    outcome = runner.run("true", [BASE])
    runner.remove()
    assert outcome.status == 65
    assert outcome.stderr == (
        "lading: error: `run_as_root`: commands in an image need subordinate ids, and /etc/subuid "
        "has no ids for the "
        "user nobody: run `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
        "nobody` as root, with ranges that are free. Without any such right, `users`, `groups`, "
        "`directories`, `symlinks` and `files` do what images need most: users with their homes, "
        "directories and files with owners and modes.\n"
    )
