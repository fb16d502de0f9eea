"""Debian archives to fuzz with."""

import gzip
import lzma
import random
from pathlib import Path
from typing import Dict, List

import pysequoia

from lading.debian.lock.archive import Archive
from lading.debian.lock.archive_testing import TestArchive, packages_file, paragraph
from lading.debian.lock.package_index import IndexFile, PackageIndex
from lading.debs.deb822 import paragraphs
from lading.fetch.apt_sources import APT_DIRECTORY
from lading.runtime.machine import Machine

_VALUES = [
    *(
        "",
        "x",
        "0",
        "-1",
        "9" * 5000,
        "1.0",
        "zz:1",
        "a | b (>= 1)",
        "a (",
        "b:any",
        ", ,",
        "..",
        "/",
    ),
    *("\x1b[2J", "\xff", "Sat, 11 Jul 2026 10:16:37 UTC", "Sat, 11 Jul 99999 10:16:37 UTC", "yes"),
    *("main amd64 all", "bookworm", "Debian", "a" * 100_000, "a\n b", "a\n .\n b", ": :", "0" * 64),
]
_RELEASE = [
    *("Origin", "Suite", "Codename", "Date", "Valid-Until", "Architectures", "Components"),
    *("Acquire-By-Hash", "No-Support-for-Architecture-all", "SHA256", "X"),
]
_PACKAGE = [
    *(
        "Version",
        "Architecture",
        "Priority",
        "Filename",
        "Size",
        "SHA256",
        "Depends",
        "Pre_Depends",
    ),
    *("Provides", "Conflicts", "Breaks", "Package", "Essential", "Multi_Arch"),
]


class ArchiveFuzzer:
    """Mirrors in a directory. Half of the files are damaged before they are signed, by whoever
    may sign; the others behind that.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory / "archive"
        self._signer = pysequoia.Tsk.generate("a@b.example")
        keyrings = directory / "apt"
        (keyrings / "trusted.gpg.d").mkdir(parents=True)
        key = keyrings / "trusted.gpg.d" / "archive.asc"
        key.write_text(TestArchive(self._root, signer=self._signer).keyring)
        machine = Machine({}, debian_mirrors=(self._root.as_uri(),))
        self._archive = Archive(machine, keyrings, directory / "none")
        self._content = b""
        assert keyrings != APT_DIRECTORY

    def prepare(self, rng: random.Random) -> str:
        self._rng = rng
        self._kind = rng.choice(["release", "packages", "damaged"])
        fields = self._odd(_RELEASE) if self._kind == "release" else {}
        rows = [" ".join(rng.choices([*_VALUES, "main/binary-amd64/Packages"], k=3))]
        archive = TestArchive(self._root, fields, self._signer, rows if rng.random() < 0.3 else ())
        content = packages_file(*(self._paragraph(name) for name in ("a", "b", "c")))
        packing = rng.choice([".xz", ".gz", ""])
        packed = self._packed(packing, content)
        files = {"main/amd64": packed, "main/all": packed}
        archive.suite("bookworm", files, rng.random() < 0.3, (packing,))
        if self._kind == "damaged":
            self._damage()
        return self._kind

    def run(self) -> None:
        release = self._archive.release("bookworm")
        contents = self._archive.packages(release, "main", "amd64")
        index = PackageIndex(IndexFile(content, "bookworm") for content in contents)
        for name in list(index.names()):
            for package in index.named(name):
                assert package.size >= 0
                list(index.provider_names(package.name))

    def _packed(self, packing: str, content: bytes) -> bytes:
        if packing == ".gz":
            return gzip.compress(content, mtime=0)
        return content

    def _paragraph(self, name: str) -> str:
        return paragraph(name, **(self._odd(_PACKAGE) if self._kind == "packages" else {}))

    def _odd(self, keys: List[str]) -> Dict[str, str]:
        rng = self._rng
        return {key: rng.choice(_VALUES) for key in rng.choices(keys, k=rng.randrange(4))}

    def _damage(self) -> None:
        rng = self._rng
        path = rng.choice([one for one in sorted(self._root.rglob("*")) if one.is_file()])
        content = bytearray(path.read_bytes())
        for _ in range(rng.randrange(1, 6)):
            place = rng.randrange(len(content) + 1)
            end = place + rng.choice([0, 1, 20, 1000])
            content[place:end] = rng.choice([b"", b"\n", rng.randbytes(5), bytes(content[:100])])
        if rng.random() < 0.1:
            list(paragraphs(content.decode("utf-8", "replace")))
            content += lzma.compress(b"x")
        path.write_bytes(bytes(content))
