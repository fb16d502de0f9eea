"""Layers of Debian packages for tests: a fixture library."""

import gzip
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from lading.debian.layer_request import DebianLayerRequest, DebianPart
from lading.debian.programs.layer_main import main as make_layer
from lading.debian.programs.segment_main import DOCUMENTATION
from lading.debian.programs.segment_main import main as make_segment
from lading.debs.deb_testing import Content, make_deb
from lading.image.layers.part_files import PartFiles
from lading.image.root.image_tree import ImageTree
from lading.values.json_codec import from_json, to_json

TRIPLET = "x86_64-linux-gnu"


@dataclass(frozen=True)
class DebianLayer:
    """The outputs of `layer_main` in a directory."""

    directory: Path

    @property
    def blob(self) -> bytes:
        return (self.directory / "blob").read_bytes()

    @property
    def members(self) -> Dict[str, tarfile.TarInfo]:
        """By path; no path occurs twice."""
        with self._archive() as archive:
            infos = archive.getmembers()
        assert len({info.name for info in infos}) == len(infos)
        return {info.name: info for info in infos}

    @property
    def tree(self) -> ImageTree:
        return from_json(ImageTree, (self.directory / "tree").read_text())

    @property
    def report(self) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = json.loads((self.directory / "report").read_text())
        return found

    def text(self, path: str) -> str:
        with self._archive() as archive:
            content = archive.extractfile(path)
            assert content is not None
            return content.read().decode("utf-8", "surrogateescape")

    def links(self, below: str = "") -> Dict[str, str]:
        return {
            path: info.linkname
            for path, info in self.members.items()
            if info.issym() and path.startswith(below)
        }

    def unpack(self, destination: Path) -> Path:
        with self._archive() as archive:
            archive.extractall(destination)
        return destination

    def _archive(self) -> tarfile.TarFile:
        return tarfile.open(fileobj=io.BytesIO(gzip.decompress(self.blob)))


@dataclass
class DebianLayers:
    """Makes layers below `scratch`."""

    scratch: Path
    libdeflate: str
    _count: List[int] = field(default_factory=list)

    def package(
        self,
        name: str,
        members: Sequence["tuple[str, Content]"] = (),
        modes: Optional[Dict[str, int]] = None,
        control_files: Optional[Dict[str, str]] = None,
        documentation: bool = False,
        **fields: str,
    ) -> DebianPart:
        directory = self._directory(name)
        fields = {"version": "1.0", "architecture": "amd64", **fields}
        deb = make_deb(
            directory / f"{name}.deb",
            members,
            modes,
            {"md5sums": "", **(control_files or {})},
            **fields,
        )
        outputs = [str(directory / output) for output in ("tar", "tar.gz", "members", "package")]
        make_segment([str(deb), DOCUMENTATION[documentation], self.libdeflate, *outputs])
        return DebianPart(PartFiles(name, *outputs[:3]), outputs[3])

    def layer(
        self,
        *packages: DebianPart,
        below: Sequence[DebianPart] = (),
        kept: Optional[Mapping[str, str]] = None,
        parts: Sequence[PartFiles] = (),
        alternatives: Optional[Mapping[str, str]] = None,
        base: Optional[ImageTree] = None,
        suite: str = "unstable",
    ) -> DebianLayer:
        directory = self._directory("layer")
        base_tree = directory / "base"
        if base is not None:
            base_tree.write_text(to_json(base))
        request = DebianLayerRequest(
            packages=packages,
            below=tuple(below),
            kept=kept or {},
            parts=tuple(parts),
            alternatives=alternatives or {},
            base_tree=str(base_tree) if base is not None else "",
            triplet=TRIPLET,
            suite=suite,
        )
        (directory / "request").write_text(to_json(request))
        outputs = [str(directory / name) for name in ("blob", "description", "tree", "report")]
        make_layer([str(directory / "request"), self.libdeflate, *outputs])
        return DebianLayer(directory)

    def _directory(self, name: str) -> Path:
        self._count.append(1)
        directory = self.scratch / f"{name}-{len(self._count)}"
        directory.mkdir()
        return directory
