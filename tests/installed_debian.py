"""What Debian's own tools make of a set of packages, beside what Lading makes of the same.

The reference is a root that mmdebstrap has made: apt and dpkg in a chroot, with all maintainer
scripts run. Nothing of it is normalised here; `installed_listed.py` says what may differ, and why.
"""

import hashlib
import json
import mmap
import os
import stat
import subprocess
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from lading.debian.installation import describe, installed_files
from lading.debian.installed_tree import InstalledTree
from lading.debian.layer_request import DebianLayerRequest, DebianPart
from lading.debian.report import describe_packages
from lading.debs.deb_archive import DebArchive
from lading.fetch.debian_mirrors import debian_base_urls
from lading.files.entry import Members
from lading.files.kind import Kind
from lading.image.layers.part_files import PartFiles
from lading.image.root.image_tree import ImageTree
from lading.runtime.machine import Machine
from lading.tar.tree_segment import write_tree_segment
from lading.values.json_codec import to_json

_HOOK = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"
_ARCHIVES = "var/cache/apt/archives"
_TRIPLET = "x86_64-linux-gnu"

# The kernel's, and what apt has fetched.
_NOT_WALKED = frozenset(("dev", "proc", "sys", _ARCHIVES))


@dataclass(frozen=True)
class Node:
    """What a program sees at a path. `sha256` is a file's, `target` a link's text."""

    kind: Optional[Kind]
    mode: int
    uid: int
    gid: int
    sha256: str = ""
    target: str = ""


#: By path, without a leading slash.
Nodes = Dict[str, Node]


@dataclass(frozen=True)
class Image:
    """What Lading makes: nodes, the bytes that no package has, and what is reported."""

    nodes: Nodes
    own: Mapping[str, bytes]
    report: List[Dict[str, Any]]


def install(suite: str, packages: Sequence[str], root: Path) -> None:
    """Install the packages with mmdebstrap. What apt has fetched stays in the root."""
    mirror = debian_base_urls(Machine(dict(os.environ)), suite)[0]
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=apt", f"--hook-dir={_HOOK}"]
        + ["--skip=essential/unlink,cleanup/apt/cache", f"--include={','.join(packages)}"]
        + [suite, str(root), mirror],
        check=True,
    )


def installed_nodes(root: Path) -> Nodes:
    """All that lies in a root, but for what the kernel shows there and what apt has fetched."""
    nodes: Nodes = {}
    pending = [""]
    while pending:
        directory = pending.pop()
        for entry in os.scandir(root / directory):
            path = f"{directory}/{entry.name}".lstrip("/")
            nodes[path] = _node(root / path)
            if nodes[path].kind == Kind.DIRECTORY and path not in _NOT_WALKED:
                pending.append(path)
    return nodes


def image_of(root: Path, suite: str, scratch: Path, processes: int = 2) -> Image:
    """Lading's tree of the packages that are installed in a root, documentation included."""
    debs = sorted((root / _ARCHIVES).glob("*.deb"))
    with ProcessPoolExecutor(processes) as pool:
        parts = tuple(pool.map(_part, debs, [scratch] * len(debs)))
    request = DebianLayerRequest(
        packages=parts,
        below=(),
        kept={},
        parts=(),
        alternatives={},
        base_tree="",
        triplet=_TRIPLET,
        suite=suite,
    )
    with InstalledTree.of(request, ImageTree()) as tree:
        plan = tree.plan()
        nodes = {
            path: Node(entry.kind, entry.mode, entry.uid, entry.gid, target=entry.target)
            for path, entry in plan.image.entries.items()
        }
        for part, places in zip(tree.parts, plan.places):
            for member in part.members:
                place = member.path if places is None else places.get(member.path)
                if member.kind == Kind.FILE and place is not None:
                    nodes[place] = Node(
                        Kind.FILE, member.mode, member.uid, member.gid, member.sha256
                    )
        own = {}
        for entry in plan.head:
            if entry.kind == Kind.FILE:
                own[entry.path] = entry.data
                digest = hashlib.sha256(entry.data).hexdigest()
                nodes[entry.path] = Node(Kind.FILE, entry.mode, entry.uid, entry.gid, digest)
        described = describe_packages(tree.packages, tree.effects, plan.image.entries, {})
        report = json.loads(to_json(described))
    return Image(nodes, own, report)


def differences(ours: Nodes, theirs: Nodes) -> Dict[str, Tuple[str, ...]]:
    """What differs, by path: `missing`, `extra`, or names of fields."""
    found: Dict[str, Tuple[str, ...]] = {}
    for path in sorted(ours.keys() | theirs.keys()):
        if path not in ours:
            found[path] = ("missing",)
        elif path not in theirs:
            found[path] = ("extra",)
        elif ours[path] != theirs[path]:
            one, other = vars(ours[path]), vars(theirs[path])
            found[path] = tuple(key for key in one if one[key] != other[key])
    return found


def _node(path: Path) -> Node:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(path)
        return Node(Kind.SYMLINK, mode, status.st_uid, status.st_gid, target=target)
    if stat.S_ISDIR(status.st_mode):
        return Node(Kind.DIRECTORY, mode, status.st_uid, status.st_gid)
    if stat.S_ISREG(status.st_mode):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Node(Kind.FILE, mode, status.st_uid, status.st_gid, digest)
    return Node(Kind.of_mode(status.st_mode), mode, status.st_uid, status.st_gid)


def _part(deb: Path, scratch: Path) -> DebianPart:
    directory = scratch / deb.name
    archive = _read(deb, directory)
    files = installed_files(archive, documentation=True)
    segment, members, package = (directory / name for name in ("tar", "members", "package"))
    if not members.exists():
        with segment.open("wb") as output:
            members.write_text(to_json(Members(write_tree_segment(files, output))))
    described = describe(archive, files)
    package.write_text(to_json(described))
    part = PartFiles(described.name, str(segment), "", str(members))
    return DebianPart(part, str(package))


def _read(deb: Path, directory: Path) -> DebArchive:
    """The package; unpacked once, for most of the time goes into that."""
    data, control = directory / "data", directory / "control"
    if not control.exists():
        directory.mkdir(parents=True, exist_ok=True)
        archive = DebArchive.read(deb)
        data.write_bytes(archive.data)
        texts = {name: text.decode("latin-1") for name, text in archive.control_files.items()}
        control.write_text(json.dumps(texts), encoding="utf-8")
    texts = json.loads(control.read_text(encoding="utf-8"))
    with data.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    files = {name: text.encode("latin-1") for name, text in texts.items()}
    return DebArchive(deb.name, files, mapped)
