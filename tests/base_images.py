"""Images as other people's tools make them, to put ours on."""

import gzip
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

Json = Dict[str, Any]

#: This machine's, as Go calls it.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@dataclass(frozen=True)
class Family:
    """The media types of one of the two formats; those of layers by compression."""

    index: str
    manifest: str
    config: str
    layer: Mapping[str, str]


OCI = Family(
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.config.v1+json",
    {
        "": "application/vnd.oci.image.layer.v1.tar",
        "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
        "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    },
)

DOCKER = Family(
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.container.image.v1+json",
    {
        "": "application/vnd.docker.image.rootfs.diff.tar",
        "gzip": "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "zstd": "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "foreign": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    },
)


@dataclass(frozen=True)
class Layer:
    """`diff_id` is the digest of what the content is when it is not compressed."""

    content: bytes
    compression: str
    diff_id: str

    @property
    def digest(self) -> str:
        return digest_of(self.content)


def layer(tar: bytes, compression: str = "gzip") -> Layer:
    return Layer(compress(tar, compression), compression, digest_of(tar))


def compress(content: bytes, compression: str, level: int = 1) -> bytes:
    if compression == "gzip":
        return gzip.compress(content, level, mtime=0)
    if compression == "zstd":
        command = ["zstd", f"-{level}", "--quiet", "--stdout"]
        return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout
    return content


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Member:
    """What a tar archive says that a file is, true or not."""

    name: str
    content: bytes = b""
    type: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o755
    owner: Tuple[int, int] = (0, 0)

    def to_tarinfo(self) -> tarfile.TarInfo:
        info = tarfile.TarInfo(self.name)
        info.size, info.type, info.mode = len(self.content), self.type, self.mode
        info.linkname, (info.uid, info.gid) = self.target, self.owner
        return info


def directory(name: str, mode: int = 0o755, owner: Tuple[int, int] = (0, 0)) -> Member:
    return Member(name, type=tarfile.DIRTYPE, mode=mode, owner=owner)


def link(name: str, target: str) -> Member:
    return Member(name, type=tarfile.SYMTYPE, target=target, mode=0o777)


def hard_link(name: str, target: str) -> Member:
    return Member(name, type=tarfile.LNKTYPE, target=target)


def tar(*members: Union[Member, str]) -> bytes:
    """An archive of these; of a string, an empty file of this name."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for member in members:
            if isinstance(member, str):
                member = Member(member)
            archive.addfile(member.to_tarinfo(), io.BytesIO(member.content))
    return output.getvalue()


@dataclass(frozen=True)
class Layout:
    """An OCI layout of several images, each with a name (OCI image-spec, image-layout.md)."""

    path: Path
    _named: List[Json] = field(default_factory=list)

    def image(
        self,
        layers: Sequence[Layer],
        family: Family = OCI,
        config: Mapping[str, Any] = {},
        architecture: str = ARCHITECTURE,
    ) -> Json:
        """An image's descriptor; `config` goes over what every config has."""
        document = {
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            **config,
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": family.manifest,
            "config": self._json(document, family.config),
            "layers": [
                self._blob(layer.content, family.layer[layer.compression]) for layer in layers
            ],
        }
        shown = {"os": document["os"], "architecture": document["architecture"]}
        return {**self._json(manifest, family.manifest), "platform": shown}

    def index(self, entries: Sequence[Json], family: Family = OCI) -> Json:
        document = {"schemaVersion": 2, "mediaType": family.index, "manifests": entries}
        return self._json(document, family.index)

    def attestation(self, image: Json) -> Json:
        """What BuildKit puts beside an image into an index (moby#45600)."""
        statement = self._blob(b"{}", "application/vnd.in-toto+json")
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI.manifest,
            "config": self._json({"os": "unknown", "architecture": "unknown"}, OCI.config),
            "layers": [statement],
        }
        return {
            **self._json(manifest, OCI.manifest),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image["digest"],
            },
        }

    def save(self, layers: Sequence[Layer], name: str, archive: Path) -> None:
        """What `docker save` of docker 25 and later writes (moby#44598): layers that are not
        compressed, in an OCI layout with docker's `manifest.json`."""
        image = self.image(layers)
        manifest = json.loads(self.blob(image["digest"]))
        parts = [manifest["config"], *manifest["layers"]]
        paths = ["blobs/" + one["digest"].replace(":", "/") for one in parts]
        sources = {layer.diff_id: one for layer, one in zip(layers, manifest["layers"])}
        documents = {
            "index.json": {"schemaVersion": 2, "mediaType": OCI.index, "manifests": [image]},
            "manifest.json": [
                {
                    "Config": paths[0],
                    "RepoTags": [name],
                    "Layers": paths[1:],
                    "LayerSources": sources,
                }
            ],
            "oci-layout": {"imageLayoutVersion": "1.0.0"},
        }
        blobs = [image["digest"], *(one["digest"] for one in parts)]
        archive.write_bytes(
            tar(
                directory("blobs/"),
                directory("blobs/sha256/"),
                *(Member("blobs/" + one.replace(":", "/"), self.blob(one)) for one in blobs),
                *(Member(path, json.dumps(one).encode()) for path, one in documents.items()),
            )
        )

    def name(self, name: str, descriptor: Json) -> str:
        """Its digest."""
        annotations = {"org.opencontainers.image.ref.name": name}
        self._named.append({**descriptor, "annotations": annotations})
        index = {"schemaVersion": 2, "manifests": self._named}
        (self.path / "index.json").write_text(json.dumps(index))
        (self.path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        digest: str = descriptor["digest"]
        return digest

    def blob(self, digest: str) -> bytes:
        return self._path(digest).read_bytes()

    def _json(self, document: Any, media_type: str) -> Json:
        return self._blob(json.dumps(document).encode(), media_type)

    def _blob(self, content: bytes, media_type: str) -> Json:
        digest = digest_of(content)
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _path(self, digest: str) -> Path:
        return self.path / "blobs" / digest.replace(":", "/")
