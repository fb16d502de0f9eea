"""The real program with real layers, as root and as ordinary users."""

import gzip
import io
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

from lading.files.entry import Entry
from lading.image.config.layer import Layer
from lading.image.layers.package_testing import Package, find_libdeflate, find_libzstd
from lading.image.programs.run_as_root_main import RunAsRootRequest
from lading.image.root.account_files import AccountFiles
from lading.image.root.image_tree import ImageTree
from lading.namespaces.limits import LIMITS_DIR, LIMITS_FILE, Limits
from lading.runtime.program_files import program_files
from lading.store.request import InputPackage
from lading.values.digest import Sha256
from lading.values.json_codec import from_json, read_json, to_json

MODULE = "lading.image.programs.run_as_root_main"

#: The programs that the tests' commands use.
PROGRAMS = (
    *("bash", "cat", "chmod", "chown", "cp", "date", "hostname", "id", "ln", "ls", "mkdir"),
    *("mkfifo", "mknod", "mv", "rm", "sh", "sleep", "stat", "touch", "true"),
)

#: The limits of users who set none.
_LIMITS = Limits()

_LIBRARIES = ("libdeflate.so", "libzstd.so")

_LIBRARY = re.compile(r"(/\S+) \(0x")

#: One member of a layer: header and content.
Member = Tuple[tarfile.TarInfo, bytes]


def member(
    name: str,
    content: bytes = b"",
    type: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    owner: Tuple[int, int] = (0, 0),
    target: str = "",
    capability: str = "",
) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.linkname = type, mode, target
    info.uid, info.gid = owner
    info.size = len(content)
    if capability:
        info.pax_headers = {"SCHILY.xattr.security.capability": capability}
    return info, content


def directory(name: str, mode: int = 0o755, owner: Tuple[int, int] = (0, 0)) -> Member:
    return member(name, type=tarfile.DIRTYPE, mode=mode, owner=owner)


def symlink(name: str, target: str) -> Member:
    return member(name, type=tarfile.SYMTYPE, target=target)


def hard_link(name: str, target: str) -> Member:
    return member(name, type=tarfile.LNKTYPE, target=target)


def layer(*members: Member, compressed: bool = False) -> bytes:
    """A layer of `members` in that order."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(file.getvalue()) if compressed else file.getvalue()


def programs() -> Dict[str, bytes]:
    """`PROGRAMS` of this machine in bin, and the libraries that they load, by path."""
    files: Dict[str, Path] = {}
    for name in PROGRAMS:
        program = shutil.which(name, path="/usr/bin:/bin")
        assert program, f"install {name}, which the commands of tests use"
        files[f"bin/{name}"] = Path(program)
        listing = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True, text=True)
        files.update({path.lstrip("/"): Path(path) for path in _LIBRARY.findall(listing.stdout)})
    return {name: path.read_bytes() for name, path in files.items()}


def programs_layer() -> bytes:
    """A layer with `programs`."""
    top = [directory("etc"), directory("tmp", 0o1777)]
    return layer(*top, *(member(name, data, mode=0o755) for name, data in programs().items()))


@dataclass(frozen=True)
class Account:
    """The user that runs the program."""

    name: str
    uid: int
    gid: int

    @classmethod
    def current(cls) -> "Account":
        return cls.named(pwd.getpwuid(os.getuid()).pw_name)

    @classmethod
    def named(cls, name: str) -> "Account":
        entry = pwd.getpwnam(name)
        return cls(name, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Outcome:
    """The program's results: the exit status, its messages, and its outputs in `directory`."""

    status: int
    stderr: str
    directory: Path

    @property
    def blob(self) -> bytes:
        assert not self.status, self.stderr
        return (self.directory / "layer.tar.gz").read_bytes()

    @property
    def layer(self) -> Layer:
        return read_json(Layer, (self.directory / "layer.json"))

    @property
    def tree(self) -> ImageTree:
        return from_json(ImageTree, (self.directory / "new-tree.json").read_text())

    @property
    def references(self) -> Dict[str, str]:
        references: Dict[str, str] = json.loads((self.directory / "references.json").read_text())
        return references

    @property
    def members(self) -> List[tarfile.TarInfo]:
        with tarfile.open(fileobj=io.BytesIO(self.blob)) as archive:
            return archive.getmembers()

    @property
    def names(self) -> List[str]:
        return [info.name for info in self.members]

    def member(self, name: str) -> tarfile.TarInfo:
        (found,) = (info for info in self.members if info.name == name)
        return found

    def content(self, name: str) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(self.blob)) as archive:
            file = archive.extractfile(name)
            assert file is not None
            return file.read()


@dataclass(frozen=True)
class Runner:
    """Runs the program as `account`, in new directories of that user."""

    account: Account
    parent: Path

    @classmethod
    def of(cls, account: Account) -> "Runner":
        parent = Path(tempfile.mkdtemp(prefix="lading-run-as-root-"))
        parent.chmod(0o711)
        return cls(account, parent)

    def run(
        self,
        commands: str,
        layers: Sequence[bytes] = (),
        tools: Sequence[Package] = (),
        packages: Sequence[Package] = (),
        contents: Sequence[Package] = (),
        env: Mapping[str, str] = MappingProxyType({}),
        environment: Mapping[str, str] = MappingProxyType({}),
        umask: int = 0o022,
        limits: Limits = _LIMITS,
    ) -> Outcome:
        """`env` is the request's, `environment` the process's. `contents` are among `packages`."""
        sandbox = self._sandbox(commands, layers, tools, packages, contents, env)
        (sandbox / LIMITS_DIR).mkdir(parents=True)
        (sandbox / LIMITS_DIR / LIMITS_FILE).write_text(to_json(limits))
        os.chown((sandbox / LIMITS_DIR).parent, self.account.uid, self.account.gid)
        process = self._start(sandbox, environment, umask)
        _, stderr = process.communicate()
        return Outcome(process.returncode, stderr.decode(), sandbox)

    def start(self, commands: str, layers: Sequence[bytes]) -> "subprocess.Popen[bytes]":
        """Run it in the background, in its own process group."""
        return self._start(self._sandbox(commands, layers, (), (), (), {}), {}, 0o022)

    def _sandbox(
        self,
        commands: str,
        layers: Sequence[bytes],
        tools: Sequence[Package],
        packages: Sequence[Package],
        contents: Sequence[Package],
        env: Mapping[str, str],
    ) -> Path:
        """A new directory with everything that the program needs."""
        sandbox = Path(tempfile.mkdtemp(dir=self.parent))
        for name, content in program_files(MODULE).items():
            (sandbox / name).parent.mkdir(parents=True, exist_ok=True)
            (sandbox / name).write_bytes(content)
        for index, content in enumerate(layers):
            (sandbox / f"layer-{index}").write_bytes(content)
        inputs = [
            *(_input(package, sandbox, True) for package in tools),
            *(_input(package, sandbox, False) for package in packages),
        ]
        request = RunAsRootRequest(
            commands=commands,
            layers=tuple(f"layer-{index}" for index in range(len(layers))),
            tree="tree.json",
            packages=tuple(inputs),
            contents=tuple(package.path for package in contents),
            env=dict(env),
        )
        assert from_json(RunAsRootRequest, to_json(request)) == request
        tree = ImageTree({"bin": Entry.directory("bin")}, AccountFiles())
        (sandbox / "tree.json").write_text(to_json(tree))
        shutil.copyfile(find_libdeflate(), sandbox / _LIBRARIES[0])
        shutil.copyfile(find_libzstd(), sandbox / _LIBRARIES[1])
        (sandbox / "request.json").write_text(to_json(request))
        for path in (sandbox, *sandbox.rglob("*")):
            os.chown(path, self.account.uid, self.account.gid)
        return sandbox

    def _start(
        self, sandbox: Path, environment: Mapping[str, str], umask: int
    ) -> "subprocess.Popen[bytes]":
        outputs = ("layer.tar.gz", "layer.json", "new-tree.json", "references.json")
        argv = [python(), "-B", "-m", MODULE, "request.json", *_LIBRARIES, *outputs]

        def become_user() -> None:
            os.umask(umask)
            if os.getuid() != self.account.uid:
                os.setgroups([])
                os.setgid(self.account.gid)
                os.setuid(self.account.uid)

        return subprocess.Popen(
            argv,
            cwd=sandbox,
            env=dict(environment),
            stderr=subprocess.PIPE,
            preexec_fn=become_user,
            start_new_session=True,
        )

    def leftovers(self) -> List[Path]:
        """What runs have left of the trees that they worked on."""
        return list(self.parent.glob("*/work/root*"))

    def remove(self) -> None:
        shutil.rmtree(self.parent)


def _input(package: Package, sandbox: Path, is_tool: bool) -> InputPackage:
    segment = f"{package.path.base}.tar"
    shutil.copyfile(package.layer_package.segment, sandbox / segment)
    digest = Sha256.of_file(sandbox / segment)
    return InputPackage(package.path, segment, digest.hex, is_tool, "")


def python() -> str:
    """An interpreter that every user may run."""
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        parents = Path(os.path.realpath(python)).parents
        if os.path.exists(python) and all(path.stat().st_mode & 0o001 for path in parents):
            return python
    raise AssertionError("install python3, for the users that these tests run as")


def scratch_user(name: str) -> Iterator[Account]:
    """A user with subordinate ids, who is deleted in the end."""
    useradd = ["useradd", "--no-create-home", "--key", "SUB_UID_COUNT=65536", name]
    subprocess.run(useradd, check=True)
    try:
        yield Account.named(name)
    finally:
        subprocess.run(["userdel", name], check=True)
