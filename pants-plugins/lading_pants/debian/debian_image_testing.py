"""Images of Debian packages, made in the test from a mirror in a directory."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable

from pants.core.goals.package import BuiltPackage
from pants.engine.addresses import Address
from pants.testutil.rule_runner import RuleRunner

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import DebianLock
from lading.debs.deb_testing import make_deb
from lading.debs.relation import Relation
from lading.values.digest import Sha256
from lading_pants.image.image_references import ImageFieldSet


@dataclass(frozen=True)
class Debian:
    """A mirror at `root`, and an image's repository that uses it."""

    runner: RuleRunner
    root: Path

    def lock(self, name: str = "lock", **versions: Any) -> None:
        """Write a lock of packages, by name: version, dependencies, postinst and additional files.

        Each has `/usr/bin/<name>`.
        """
        packages = tuple(self._package(package, **fields) for package, fields in versions.items())
        lock = DebianLock(
            resolve=name,
            suites=("bookworm",),
            components=("main",),
            architectures=("amd64", "arm64"),
            released={"bookworm": "20260101T000000Z"},
            roots=(),
            packages={"amd64": packages, "arm64": packages},
        )
        targets = "".join(
            f'debian_lock(name="{name}", suites=["bookworm"], architectures=["amd64", "arm64"])\n'
            for name in ("lock", "other")
        )
        self.runner.write_files(
            {f"debian/{name}.lock.json": lock.to_json(), "debian/BUILD": targets}
        )

    def _package(
        self,
        name: str,
        version: str = "1",
        depends: Iterable[str] = (),
        postinst: str = "",
        **files: bytes,
    ) -> BinaryPackage:
        filename = f"pool/main/{name}_{version}_all.deb"
        path = self.root / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        contents = [(f"bin/{name}", version.encode()), *files.items()]
        scripts = {"postinst": postinst} if postinst else {}
        fields = {"package": name, "version": version, "architecture": "all"}
        make_deb(path, contents, None, scripts, **fields)
        content = path.read_bytes()
        return BinaryPackage(
            name=name,
            version=version,
            architecture="all",
            filename=filename,
            sha256=Sha256.of(content),
            size=len(content),
            depends=tuple((Relation(name),) for name in depends),
        )

    def package(self, build_file: str, name: str = "image") -> "Built":
        self.runner.write_files({"images/BUILD": build_file})
        target = self.runner.get_target(Address("images", target_name=name))
        built = self.runner.request(BuiltPackage, [ImageFieldSet.create(target)])
        self.runner.write_digest(built.digest, path_prefix="dist")
        output = tuple(line for artifact in built.artifacts for line in artifact.extra_log_lines)
        return Built(Path(self.runner.build_root, "dist/images"), name, output)


@dataclass(frozen=True)
class Built:
    """`output` is the goal's output."""

    dist: Path
    name: str
    output: tuple[str, ...]

    @property
    def description(self) -> Any:
        return json.loads((self.dist / f"{self.name}.json").read_text())

    def layers(self) -> list[list[str]]:
        """For each layer, the paths of everything but directories."""
        found = []
        with tarfile.open(self.dist / f"{self.name}.tar") as archive:
            manifest = archive.extractfile("manifest.json")
            assert manifest is not None
            for name in json.load(manifest)[0]["Layers"]:
                blob = archive.extractfile(name)
                assert blob is not None
                with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob.read()))) as layer:
                    found.append([info.name for info in layer if not info.isdir()])
        return found
