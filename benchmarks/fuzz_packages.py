"""Fuzzes what reads Debian packages, or wheels of a PEX.

    python3 benchmarks/fuzz_packages.py deb|wheel [SECONDS [FIRST]]

Runs the inputs FIRST, FIRST + 1 and so on, each the same every time. An input must be accepted, or
refused with a sentence. What is made of an accepted one must be a layer that tar reads, with each
path once and below directories only. Everything else is a failure, which is printed with the
input's number; the status is 1 then. libdeflate comes from the Debian archive.
"""

import gzip
import io
import lzma
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Tuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from fuzz_layers import damaged_bytes, damaged_tar, random_name  # noqa: E402

from lading.compression.layer_compression import open_compressor  # noqa: E402
from lading.debian.layer_request import DebianLayerRequest, DebianPart  # noqa: E402
from lading.debian.programs.extract_main import main as extract  # noqa: E402
from lading.debian.programs.layer_main import main as make_layer  # noqa: E402
from lading.debian.programs.segment_main import main as make_segment  # noqa: E402
from lading.debs.deb_testing import Content, ar, hard_link, tar  # noqa: E402
from lading.debs.unpack import unpack  # noqa: E402
from lading.image.layers.package_testing import find_libdeflate  # noqa: E402
from lading.image.layers.part_files import PartFiles  # noqa: E402
from lading.image.layers.parts_layer import write_parts_layer  # noqa: E402
from lading.image.layers.tree_parts import plan_parts  # noqa: E402
from lading.image.root.image_tree import ImageTree  # noqa: E402
from lading.network.self_signed_testing import SELF_SIGNED  # noqa: E402
from lading.python.programs.wheel_main import WheelRequest  # noqa: E402
from lading.python.programs.wheel_main import main as make_wheel_part  # noqa: E402
from lading.python.wheel_name import WheelName  # noqa: E402
from lading.store.elf_testing import NEEDED, RUNPATH, SONAME, make_elf  # noqa: E402
from lading.values.errors import LadingError  # noqa: E402
from lading.values.json_codec import to_json  # noqa: E402

#: What one input may take, in bytes and seconds; and how large a file may become.
MEMORY, TIME, FILE_SIZE = 2 << 30, 20, 1 << 30

_LARGEST_ID = (1 << 32) - 2

_ELF = make_elf(strings=[(NEEDED, "libc.so.6"), (SONAME, "liba.so.1"), (RUNPATH, "$ORIGIN/../a")])

#: Put into texts, whatever they are.
_PIECES = [
    *("\0", "\n", " ", "\t", "\r", "\u2028", "\udcff", "\x1b[2J", ":", "::", "#", "\\", "9" * 5000),
    *(
        "/",
        "../",
        "/..",
        "//",
        "\n\n",
        "\n .\n",
        "*",
        "-1",
        "0",
        "\u0662",
        "=",
        ",",
        "|",
        "a" * 5000,
    ),
    *(
        "$(",
        "${x:-",
        "`",
        '"',
        "'",
        "(" * 3000,
        "((",
        "))",
        "{",
        "}",
        "<<E\n",
        ">",
        ">>",
        "&&",
        "||",
    ),
    *(
        "if ",
        "\nfi\n",
        "for x in a b; do ",
        "\ndone\n",
        "case $x in ",
        "\nesac\n",
        ";;",
        "! ",
        "$1",
    ),
    *("f() {\n f\n}\nf\n", "while :; do ", "umask 777\n", "shift 9\n", "set -- *\n", ". /etc/a\n"),
    *(
        f"shift {'9' * 5000}\n",
        f"x ${{{'9' * 5000}}}\n",
        "x ${\u00b2}\n",
        "Priority: " + "9" * 5000,
    ),
    *("chmod 7777777 /etc/a\n", "mkdir -p /\n", "cp -a /etc /\n", "ln -s / /etc/b\n", "rm -rf /\n"),
    *("echo x > /etc/passwd\n", "chown 99999999999 /etc/a\n", "mv /etc/a /\n", "add-shell\n"),
    *("[" * 3000, "{" * 3000, "[]", "null", "[x]\n", "1e999", '"stash_dir": ".."', "\ufeff"),
]

_CONTROL: Dict[str, bytes] = {
    "control": (
        b"Package: a\nVersion: 1:1.0-1\nArchitecture: amd64\nMulti-Arch: same\nReplaces: b (<< 2)\n"
        b"Depends: libc6 (>= 2.36) | x:any\nDescription: short\n long\n .\n more\n"
    ),
    "conffiles": b"/etc/a\nremove-on-upgrade /etc/b\n",
    "md5sums": b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n",
    "triggers": b"interest-noawait /usr/share/a\ninterest a\nactivate-noawait ldconfig\n",
    "postinst": (
        b'#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n  mkdir -p /var/lib/a\n'
        b"  chown 1:1 /var/lib/a\n  chmod 4755 /usr/bin/a\n  echo x > /etc/b\n"
        b"  update-alternatives --install /usr/bin/b b /usr/bin/a 10 --slave /usr/bin/c c /etc/a\n"
        b"  for x in a b; do touch /var/$x; done\n  add-shell /usr/bin/a\nfi\nadduser --system a\n"
    ),
    "preinst": b"#!/bin/sh\ncase $1 in install) ln -s a /etc/c;; esac\n",
    "shlibs": b"liba 1 a\n",
}

_DATA: Dict[str, bytes] = {
    "etc/a": b"x=1\n",
    "etc/ld.so.conf.d/a.conf": b"/usr/lib/a\n",
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "usr/bin/a": _ELF,
    "usr/lib/a/liba.so.1": _ELF,
    "usr/lib/tmpfiles.d/a.conf": b"d /run/a 0755 a a -\n",
    "usr/sbin/ldconfig": b"",
    "usr/sbin/update-ca-certificates": b"",
    "usr/share/ca-certificates/a.crt": SELF_SIGNED.encode(),
    "usr/share/debianutils/shells": b"/bin/sh\n",
    "usr/share/debianutils/shells.d/a": b"/usr/bin/a\n",
    "usr/share/pam-configs/a": (
        b"Name: a\nDefault: yes\nPriority: 9\nAuth-Type: Primary\nAuth:\n\tx a.so\n"
    ),
    "usr/share/pam/common-auth": b"$auth_primary\n$auth_additional\n",
}

_WHEEL: Dict[str, bytes] = {
    ".layout.json": b'{"stash_dir": ".prefix", "record_relpath": "a-1.dist-info/RECORD"}',
    ".prefix/bin/tool": b"#!python\nimport a\n",
    ".prefix/bin/other": b"#!python -E\nimport a\n",
    ".prefix/share/a/data": b"data",
    "a/__init__.py": b"A = 1\n",
    "a/x.so": _ELF,
    "a-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: a\nVersion: 1\n",
    "a-1.dist-info/RECORD": b"a/__init__.py,sha256=x,6\n",
    "a-1.dist-info/entry_points.txt": b"[console_scripts]\ntool = a:main [x]\n",
    "a.pth": b"a\n",
}

_TARGETS = ["usr/bin/a", "./usr/bin/a", "../../etc", "/", "..", "usr/bin/c", "etc/a", "x" * 5000]
_OWNERS = [*[0] * 30, 33, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 50, -1, -(1 << 50)]

# Where zip's headers have what a reader goes by: APPNOTE 4.3.7, 4.3.12, 4.3.16.
_ZIP_HEADERS = {b"PK\3\4": 30, b"PK\1\2": 46, b"PK\5\6": 22}
_ZIP_VALUES = [b"\0", b"\1", b"\xff", b"\x7f", b"\x80", b"\x08", b"\x0c", b"\x0e"]


class DebFuzzer:
    """Damages a package, then unpacks it and makes a layer of it, in the current directory."""

    def __init__(self, library: str) -> None:
        self._library = library

    def prepare(self, rng: random.Random) -> str:
        kind = rng.choice(["texts", "data", "data", "archive"])
        control = {name: odd(rng, text, kind == "texts") for name, text in _CONTROL.items()}
        data = {path: odd(rng, content, kind == "texts") for path, content in _DATA.items()}
        packed = tar(control.items())
        files: List[Tuple[str, Content]] = [*_directories(data), *data.items(), ("usr/bin/b", "a")]
        files.append(("usr/bin/c", hard_link("usr/bin/c", "usr/bin/a")))
        if kind == "data":
            files += _odd_members(rng)
        unpacked = tar(files)
        if kind == "data":
            unpacked = damaged_tar(rng, unpacked)
            packed = damaged_tar(rng, packed) if rng.random() < 0.2 else packed
        members = [("debian-binary", b"2.0\n"), _packed(rng, "control", packed)]
        members.append(_packed(rng, "data", unpacked))
        archive = ar(members)
        if kind == "archive":
            archive = self._damaged(rng, members)
        Path("a.deb").write_bytes(archive)
        return kind

    def _damaged(self, rng: random.Random, members: List[Tuple[str, bytes]]) -> bytes:
        rng.shuffle(members)
        if rng.random() < 0.3:
            extra = rng.choice(
                ["data.tar", "control.tar.gz", "data.tar.zst", "x" * 16, "", "\u00e9"]
            )
            members.insert(rng.randrange(3), (extra.encode().decode("latin-1")[:16], b"x" * 99))
        with suppress(UnicodeEncodeError):
            archive = ar(members)
            for _ in range(rng.randrange(2)):
                at = archive.find(b"`\n", rng.randrange(len(archive)))
                size = rng.choice([b"-1", b"0", b"9999999999", b"1" * 10, b"", b"0x10", b" 4"])
                archive = archive[: at - 10] + size.ljust(10) + archive[at:] if at > 70 else archive
            return many(rng, archive) if rng.random() < 0.5 else archive
        return b""

    def run(self) -> str:
        refused = [
            self._refuses(lambda: unpack(Path("a.deb"), Path("unpacked"))),
            self._refuses(lambda: extract(["a.deb", "a", "extracted"])),
            self._refuses(self._layer),
        ]
        return "accepted" if not any(refused) else f"refused {sum(refused)} times of 3"

    def _refuses(self, use: Callable[[], object]) -> bool:
        try:
            use()
        except LadingError as error:
            check_sentence(error)
            return True
        return False

    def _layer(self) -> None:
        outputs = ["segment", "compressed", "members"]
        make_segment(["a.deb", "documentation", self._library, *outputs, "package"])
        part = DebianPart(PartFiles("a", *outputs), "package")
        request = DebianLayerRequest((part,), (), {}, (), {}, "", "x86_64-linux-gnu", "bookworm")
        Path("request").write_text(to_json(request), encoding="utf-8")
        results = ["blob", "description", "tree", "report"]
        make_layer(["request", self._library, *results])
        check_layer(Path("blob"))


class WheelFuzzer:
    """Damages a wheel, and makes a layer of it, in the current directory."""

    def __init__(self, library: str) -> None:
        self._library = library

    def prepare(self, rng: random.Random) -> str:
        kind = rng.choice(["texts", "members", "headers", "bytes"])
        files = {name: odd(rng, content, kind == "texts") for name, content in _WHEEL.items()}
        wheel = self._packed(rng, files, kind == "members")
        if kind == "headers":
            for _ in range(rng.randrange(1, 4)):
                wheel = self._changed_header(rng, wheel)
        if kind == "bytes":
            wheel = many(rng, wheel)
        self._name = rng.choice(["a-1-py3-none-any.whl", "-----.whl", "a.whl", ".whl"])
        Path("a.whl").write_bytes(wheel)
        return kind

    def _packed(self, rng: random.Random, files: Dict[str, bytes], more: bool) -> bytes:
        file = io.BytesIO()
        method = rng.choice([zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 4])
        if rng.random() < 0.03:
            method = rng.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, content in files.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = rng.choice([0o100644, 0o100755, 0o644]) << 16
                archive.writestr(info, content, method)
            for _ in range(rng.randrange(1, 5) if more else 0):
                name = _usual(rng).encode("utf-8", "replace").decode()
                place = rng.choice(["", "a/", ".prefix/", ".prefix/bin/", "a-1.dist-info/"])
                info = zipfile.ZipInfo(place + name)
                info.external_attr = rng.choice([0o120777, 0o40755, 0o10644, 0o100755, -1]) << 16
                info.external_attr &= 0xFFFFFFFF
                content = rng.choice(
                    [b"", b"a", b"/etc", b"../..", b"x" * 5000, b"\0", b"\xff", _ELF]
                )
                archive.writestr(info, content, method)
        return file.getvalue()

    def _changed_header(self, rng: random.Random, wheel: bytes) -> bytes:
        mark = rng.choice([*_ZIP_HEADERS])
        places = [at for at in range(len(wheel)) if wheel[at : at + 4] == mark]
        if not places:
            return wheel
        at = rng.choice(places) + rng.randrange(4, _ZIP_HEADERS[mark])
        value = rng.choice(_ZIP_VALUES) * rng.choice([1, 2, 4])
        return wheel[:at] + value + wheel[at + len(value) :]

    def run(self) -> str:
        try:
            WheelName.parse(self._name)
        except LadingError as error:
            check_sentence(error)
        request = WheelRequest("usr/lib/python3/dist-packages", "/usr/bin/python3", None)
        Path("request").write_text(to_json(request), encoding="utf-8")
        outputs = ["segment", "compressed", "members"]
        try:
            make_wheel_part(["request", "a.whl", self._library, *outputs, "wheel", "needs"])
            part = PartFiles("a", *outputs).read()
            plan = plan_parts([part], ImageTree())
            with open_compressor(self._library) as compressor:
                write_parts_layer(plan, [part], compressor, Path("blob"), "fuzz")
        except LadingError as error:
            check_sentence(error)
            return "refused"
        check_layer(Path("blob"))
        return "accepted"


def odd(rng: random.Random, content: bytes, is_wanted: bool) -> bytes:
    """Some of the texts, changed."""
    if not is_wanted or rng.random() < 0.6:
        return content
    if content.startswith(b"\x7fELF"):
        return _changed_elf(rng, content)
    for _ in range(rng.randrange(1, 4)):
        piece = rng.choice(_PIECES).encode("utf-8", "surrogateescape")
        at = rng.randrange(len(content) + 1)
        content = content[:at] + piece + content[at + rng.choice([0, 0, 0, 1, 5, 50]) :]
    return content


def _changed_elf(rng: random.Random, content: bytes) -> bytes:
    for _ in range(rng.randrange(1, 4)):
        number = rng.choice(
            [0, 1, 2, 15, 64, 0xFFFF, len(content), 1 << 31, 1 << 63, (1 << 64) - 1]
        )
        width = rng.choice("HIQ")
        value = struct.pack(f"<{width}", number & (1 << 8 * struct.calcsize(width)) - 1)
        at = rng.randrange(4, len(content) // 2) * rng.choice([1, 2]) // 2 * 2
        content = content[:at] + value + content[at + len(value) :]
    return content + content * rng.choice([0, 0, 9, 3000])


def many(rng: random.Random, content: bytes) -> bytes:
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(content) + 1)
        piece = rng.choice(
            [b"", b"\0", b"\xff", rng.randbytes(4), content[:60], content[at : at + 99]]
        )
        content = content[:at] + piece + content[at + rng.choice([0, len(piece), 1, 30]) :]
    return damaged_bytes(rng, content)


def _packed(rng: random.Random, stem: str, content: bytes) -> Tuple[str, bytes]:
    ways: List[Tuple[str, Callable[[bytes], bytes]]] = [
        *[("", bytes), (".gz", lambda data: gzip.compress(data, mtime=0))] * 3,
        (".xz", lambda data: lzma.compress(data, preset=0)),
    ]
    if rng.random() < 0.02:
        ways = [(".xz", lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0))]
    how, pack = rng.choice(ways)
    return f"{stem}.tar{how}", damaged_bytes(rng, pack(content))


def _directories(paths: Dict[str, bytes]) -> List[Tuple[str, None]]:
    found = {str(parent) for path in paths for parent in Path(path).parents}
    return [(path, None) for path in sorted(found - {"."})]


def _usual(rng: random.Random) -> str:
    """A name that is refused in one case of ten."""
    name = random_name(rng)
    return name if rng.random() < 0.1 else name.replace(".wh.", "wh").strip("/.") or "."


def _odd_members(rng: random.Random) -> Iterator[Tuple[str, Content]]:
    for _ in range(rng.randrange(6)):
        info = tarfile.TarInfo(_usual(rng))
        if rng.random() < 0.3:
            info.name = (
                f"{rng.choice(['bin', 'sbin', 'usr', 'usr/bin/b', 'lib64', 'etc'])}/{info.name}"
            )
        info.type = rng.choice([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
        info.linkname = rng.choice([*_TARGETS, _usual(rng)])
        info.mode, info.uid = rng.choice([0o644, 0o7777, -1, 1 << 20]), rng.choice(_OWNERS)
        yield info.name, info


def check_sentence(error: LadingError) -> None:
    assert str(error).endswith("."), f"no sentence: {str(error)[:300]}"


def check_layer(blob: Path) -> None:
    """AssertionError for a layer that a container runtime would unpack to something else."""
    directories, others = {""}, {""}
    unpacked = io.BytesIO(gzip.decompress(blob.read_bytes()))
    with tarfile.open(fileobj=unpacked, encoding="utf-8") as layer:
        for info in layer:
            path = info.name.rstrip("/")
            assert not {"", ".", ".."} & set(path.split("/")), f"the path {path!r}"
            assert path not in directories | others, f"twice: {path!r}"
            assert os.path.dirname(path) in directories, f"no directory above {path!r}"
            assert 0 <= info.uid <= _LARGEST_ID and 0 <= info.gid <= _LARGEST_ID, "an owner"
            assert 0 <= info.mode <= 0o7777, f"the mode {info.mode}"
            assert not info.issym() or 0 < len(os.fsencode(info.linkname)) < 4096, "a target"
            names = path.split("/")
            assert all(len(os.fsencode(name)) < 256 for name in names), "a long name"
            assert not any(name.startswith(".wh.") for name in names), "a whiteout"
            (directories if info.isdir() else others).add(path)


def main() -> int:
    kind = {"deb": "deb", "wheel": "wheel"}[sys.argv[1]]
    seconds, first = [int(text) for text in sys.argv[2:]] + [600, 0][len(sys.argv) - 2 :]
    library = find_libdeflate()
    fuzz: "DebFuzzer | WheelFuzzer" = DebFuzzer(library) if kind == "deb" else WheelFuzzer(library)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    counts: "Counter[str]" = Counter()
    end, number = time.monotonic() + seconds, first
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        while number == first or time.monotonic() < end:
            counts[run(number, fuzz, Path(directory))] += 1
            number += 1
    for outcome, count in sorted(counts.items()):
        print(f"{count:9} {outcome}")
    print(f"{number - first:9} inputs, {first} to {number - 1}")
    return int(any("failed" in outcome for outcome in counts))


def run(number: int, fuzz: "DebFuzzer | WheelFuzzer", directory: Path) -> str:
    """The outcome of one input."""
    inside = directory / "inside"
    inside.mkdir()
    os.chdir(inside)
    signal.alarm(TIME)
    try:
        kind = fuzz.prepare(random.Random(number))
        outcome = fuzz.run()
        assert os.listdir(directory) == ["inside"], f"outside: {os.listdir(directory)}"
        return f"{kind} {outcome}"
    except Exception:
        print(f"input {number} failed:\n{traceback.format_exc()[-3000:]}", flush=True)
        return "failed"
    finally:
        signal.alarm(0)
        os.chdir(directory)
        shutil.rmtree(inside)


def too_long(*_: object) -> None:
    raise TimeoutError(f"more than {TIME} seconds")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Duplicate name")
    signal.signal(signal.SIGALRM, too_long)
    sys.exit(main())
