"""A registry of base images that tests declare."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Protocol, Sequence

from base_images import Json, Layer, Layout

TAG = "1"


class Skopeo(Protocol):
    def __call__(self, *arguments: str) -> str:
        ...


@dataclass(frozen=True)
class BaseImages:
    """Images by their path in the registry at `host`, whose storage is `storage`."""

    layout: Layout
    storage: Path
    host: str
    skopeo: Skopeo
    digests: Dict[str, str] = field(default_factory=dict)

    def add(self, path: str, layers: Sequence[Layer], config: Mapping[str, Any] = {}) -> str:
        """Push an image of OCI's types; its digest."""
        return self.push(path, self.layout.image(layers, config=config))

    def push(self, path: str, descriptor: Json) -> str:
        """By skopeo, as it is, with all that an index names; its digest."""
        self.digests[path] = self.layout.name(path, descriptor)
        self._copy(f"oci:{self.layout.path}:{path}", path, "--all", "--preserve-digests")
        return self.digests[path]

    def push_archive(self, path: str, archive: Path) -> str:
        """What `docker save` made, which skopeo compresses; its digest."""
        digest_file = archive.with_suffix(".digest")
        self._copy(f"docker-archive:{archive}", path, f"--digestfile={digest_file}")
        self.digests[path] = digest_file.read_text().strip()
        return self.digests[path]

    def _copy(self, source: str, path: str, *options: str) -> None:
        target = f"docker://{self.host}/{path}:{TAG}"
        self.skopeo(
            *("--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"),
            *(*options, source, target),
        )

    def store(self, path: str, descriptor: Json) -> str:
        """Put an image that skopeo refuses into the registry's storage; its digest."""
        manifest = json.loads(self.layout.blob(descriptor["digest"]))
        self._store(path, descriptor["digest"], "_manifests/revisions")
        for part in (manifest["config"], *manifest["layers"]):
            self._store(path, part["digest"], "_layers")
        self.digests[path] = descriptor["digest"]
        return self.digests[path]

    def _store(self, path: str, digest: str, kind: str) -> None:
        algorithm, _, number = digest.partition(":")
        link = self._root / "repositories" / path / kind / algorithm / number / "link"
        for file in (self._data(digest), link):
            file.parent.mkdir(parents=True, exist_ok=True)
        self._data(digest).write_bytes(self.layout.blob(digest))
        link.write_text(digest)

    @property
    def _root(self) -> Path:
        return self.storage / "docker/registry/v2"

    def _data(self, digest: str) -> Path:
        algorithm, _, number = digest.partition(":")
        return self._root / "blobs" / algorithm / number[:2] / number / "data"

    def target(self, path: str, name: str = "", host: str = "") -> str:
        """A `base_image` target; its name is the path's last part if none is given."""
        name = name or path.rpartition("/")[2]
        image = f"{host or self.host}/{path}:{TAG}"
        return f'base_image(name="{name}", image="{image}", digest="{self.digests[path]}")\n'

    def layers(self, path: str) -> Sequence[Json]:
        """The descriptors in the image's manifest."""
        data = self._data(self.digests[path])
        layers: Sequence[Json] = json.loads(data.read_bytes())["layers"]
        return layers
