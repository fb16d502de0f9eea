"""What commands in an image can do to the machine, tried in a real container."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from lading.image.programs.run_as_root_testing import Account, python, scratch_user
from lading.namespaces import container_probes_testing
from lading.runtime.program_files import program_files

_PROBES = Path(container_probes_testing.__file__)

# The image is a tree of links to the machine's /usr, which is mounted as a store package.
_DRIVER = """
import sys
from pathlib import Path
from lading.namespaces.container import Container
from lading.namespaces.user_namespace import UserNamespace
from lading.values.path import StorePath
usr = StorePath("0" * 32, "usr")
root = Path("root").absolute()
for link in ("bin", "lib", "lib64"):
    (root / link).symlink_to(f"usr/{link}")
(root / "usr").symlink_to(str(usr))
path = {"PATH": "/usr/bin:/usr/local/bin"}
container = Container(root, ((usr, Path("/usr")),), ("/bin/sh",), path)
with open("log", "wb") as log:
    run = lambda: container.run(sys.argv[1], log, lambda: None)
    sys.exit(UserNamespace.of_this_user().run(run))
"""


@pytest.fixture(scope="module", params=["root", "user"])
def tried(request: Any) -> Iterator[Dict[str, str]]:
    account = Account.current()
    if request.param == "root" or os.getuid():
        yield _try(account)
        return
    for account in scratch_user(f"lading-probe-{os.getpid()}"):
        yield _try(account)


def _try(account: Account) -> Dict[str, str]:
    sandbox = Path(tempfile.mkdtemp())
    try:
        for name, content in program_files("lading.namespaces.container").items():
            (sandbox / name).parent.mkdir(parents=True, exist_ok=True)
            (sandbox / name).write_bytes(content)
        (sandbox / "root" / "tmp").mkdir(parents=True)
        shutil.copyfile(_PROBES, sandbox / "root" / "probes.py")
        for path in (sandbox, *sandbox.rglob("*")):
            os.chown(path, account.uid, account.gid)

        def become_user() -> None:
            if os.getuid() != account.uid:
                os.setgroups([])
                os.setgid(account.gid)
                os.setuid(account.uid)

        subprocess.run(
            [python(), "-B", "-c", _DRIVER, "exec python3 -B /probes.py"],
            cwd=sandbox,
            preexec_fn=become_user,
            check=False,
        )
        text = (sandbox / "log").read_text()
        return dict(json.loads(text))
    finally:
        shutil.rmtree(sandbox)


def test_nothing_of_the_machine_s_kernel_can_be_changed(tried: Dict[str, str]) -> None:
    denied = {"EROFS", "EACCES", "EPERM", "ENOENT"}
    for name in ("core_pattern", "swappiness", "file_max", "own_limits", "sysrq", "irq"):
        assert tried[name] in denied, name
    assert tried["kernel_log"] in denied


@pytest.mark.parametrize("name", ["kernel_memory", "keys", "timers"])
def test_what_docker_hides_of_proc_is_empty(name: str, tried: Dict[str, str]) -> None:
    assert tried[name] in ("", "ENOENT")


def test_devices_of_the_machine_stay_as_they_are(tried: Dict[str, str]) -> None:
    names = [name for name in tried if name.endswith(("_mode", "_owner", "_time"))]
    assert len(names) == 9
    for name in names:
        assert tried[name] in ("EROFS", "ENOENT"), name
    assert (tried["make_disk"], tried["make_null"]) == ("EPERM", "EPERM")


def test_nothing_is_mounted_and_no_namespace_made(tried: Dict[str, str]) -> None:
    names = ("nested_namespace", "nested_cgroup", "nested_proc", "mount_tmpfs", "remount")
    for name in (*names, "new_mounts", "fsopen", "open_tree"):
        assert tried[name] == "EPERM", name


def test_the_first_process_is_out_of_reach(tried: Dict[str, str]) -> None:
    assert tried["attach"] == "EPERM"
    assert (tried["environment"], tried["memory"]) == ("EACCES", "EACCES")
    assert tried["command_line"].strip() == ""
    assert tried["signals"] == "done"  # and it went on


def test_root_has_docker_s_capabilities(tried: Dict[str, str]) -> None:
    assert tried["bounding_set"] == "00000000a80425fb"


def test_the_caller_s_keys_are_out_of_reach(tried: Dict[str, str]) -> None:
    assert {tried[name] for name in ("add_key", "request_key", "search_keys")} == {"EPERM"}


def test_sockets_are_those_that_a_network_namespace_holds(tried: Dict[str, str]) -> None:
    assert (tried["vsock"], tried["algorithms"]) == ("EAFNOSUPPORT", "EAFNOSUPPORT")
    assert (tried["unix"], tried["inet"]) == ("done", "done")


def test_system_calls_that_docker_refuses_are_refused(tried: Dict[str, str]) -> None:
    assert {tried[name] for name in ("bpf", "io_uring", "clock", "host_name")} == {"EPERM"}
