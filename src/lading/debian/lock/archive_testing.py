"""A small signed Debian archive for tests, in a directory: a fixture library."""

import hashlib
import lzma
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

import pysequoia


def paragraph(name: str, version: str = "1.0", **fields: str) -> str:
    """A paragraph of `Packages`; `Depends` and others by keyword, with `_` for `-`."""
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    everything: Dict[str, str] = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Priority": "optional",
        "Filename": f"pool/main/{name[0]}/{name}/{name}_{version}_amd64.deb",
        "Size": "1000",
        "SHA256": digest,
    }
    everything.update({key.replace("_", "-"): value for key, value in fields.items()})
    return "".join(f"{key}: {value}\n" for key, value in everything.items())


def packages_file(*paragraphs: str) -> bytes:
    return "\n".join(paragraphs).encode("utf-8")


@dataclass
class TestArchive:
    """Suites below `root`, signed by a key in `keyring`.

    `fields` replaces fields of every Release file; an empty value removes one. `rows` are listed in
    it in addition to the indexes.
    """

    __test__ = False  # for pytest

    root: Path
    fields: Dict[str, str] = field(default_factory=dict)
    signer: pysequoia.Tsk = field(default_factory=lambda: pysequoia.Tsk.generate("a@b.example"))
    rows: Sequence[str] = ()

    @property
    def url(self) -> str:
        return self.root.as_uri()

    @property
    def keyring(self) -> str:
        return str(self.signer.extract_certificate())

    def suite(
        self,
        name: str,
        files: Mapping[str, bytes],
        detached: bool = False,
        packings: Sequence[str] = (".xz",),
    ) -> None:
        """Write a suite whose indexes are `files`: content by `<component>/<architecture>`."""
        directory = self.root / "dists" / name
        rows: List[Tuple[str, int, str]] = []
        for key, content in files.items():
            component, _, architecture = key.partition("/")
            for packing in packings:
                packed = lzma.compress(content) if packing == ".xz" else content
                path = f"{component}/binary-{architecture}/Packages{packing}"
                target = directory / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(packed)
                rows.append((hashlib.sha256(packed).hexdigest(), len(packed), path))
        self._sign(directory, self._release(name, files, rows), detached)

    def _release(
        self, name: str, files: Mapping[str, bytes], rows: Sequence[Tuple[str, int, str]]
    ) -> bytes:
        fields = {
            "Origin": "Debian",
            "Suite": name,
            "Codename": name,
            "Date": "Sat, 11 Jul 2026 10:16:37 UTC",
            "Architectures": " ".join(sorted({key.partition("/")[2] for key in files})),
            "Components": " ".join(sorted({key.partition("/")[0] for key in files})),
            **self.fields,
        }
        lines = [f"{key}: {value}" for key, value in fields.items() if value]
        lines += [
            "SHA256:",
            *(f" {row}" for row in self.rows),
            *(f" {digest} {size} {path}" for digest, size, path in rows),
        ]
        return "".join(line + "\n" for line in lines).encode("utf-8")

    def _sign(self, directory: Path, text: bytes, detached: bool) -> None:
        signer = self.signer.signer()
        mode = pysequoia.SignatureMode
        if detached:
            (directory / "Release").write_bytes(text)
            signature = pysequoia.sign(signer, text, mode=mode.DETACHED)
            (directory / "Release.gpg").write_bytes(signature)
        else:
            signed = pysequoia.sign(signer, text, mode=mode.CLEAR)
            (directory / "InRelease").write_bytes(signed)
