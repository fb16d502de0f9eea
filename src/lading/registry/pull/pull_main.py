"""Program: pull the manifest and config of an image, pull one blob, or resolve a tag.

    pull_main <request.json> <output directory>

The request is one of `lading.registry.pull.pull_request`. A request for a tag names the repository;
for the others it is in `lading.registry.http.origin`. The output directory must not exist yet or be
empty. If the program fails it is untouched; otherwise it contains:

- for an image, `manifest.json` and `config.json`, bytes as in the registry, and `platform.json`,
  such as `{"platform": "linux/arm64/v8"}`, since an index may say more about it than the config;
- for a blob, `blob`, bytes as in the registry, and `compression`, detected from these bytes: the
  suffix of OCI's media types, such as `+zstd`;
- for a tag, `digest`. It changes over time, so this process must not be cached.
"""

import os
import tempfile
from pathlib import Path
from typing import List

from lading.compression.layer_media_type import Compression
from lading.fetch.download_cache import DownloadCache
from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.origin import load_origin
from lading.registry.pull.pull import Puller
from lading.registry.pull.pull_request import (
    BlobRequest,
    ImageRequest,
    TagRequest,
    request_from_json,
)
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.values.json_codec import to_json

MANIFEST, CONFIG, PLATFORM = "manifest.json", "config.json", "platform.json"
BLOB, COMPRESSION, DIGEST = "blob", "compression", "digest"


def main(argv: List[str]) -> None:
    request_path, output_directory = argv
    request = request_from_json(Path(request_path).read_text(encoding="utf-8"))
    machine = Machine.load()
    use_environment(machine)
    credentials = CredentialSource(os.environ, machine.build_root)
    repository = request.reference.repository if isinstance(request, TagRequest) else load_origin()
    puller = Puller(repository, machine, credentials, report)
    output = os.path.abspath(output_directory)
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as scratch:
        staged = Path(scratch, "pulled")
        staged.mkdir(0o755)
        if isinstance(request, ImageRequest):
            _pull_image(puller, request, staged)
        elif isinstance(request, TagRequest):
            assert request.reference.tag is not None, "it names a tag"
            digest = puller.resolve(request.reference.tag)
            (staged / DIGEST).write_text(str(digest), encoding="ascii")
        else:
            cache = DownloadCache.of_this_machine(otherwise=scratch)
            _pull_blob(puller, request, cache, staged)
        os.replace(staged, output)


def _pull_image(puller: Puller, request: ImageRequest, directory: Path) -> None:
    image = puller.image(request.digest, request.platform)
    (directory / MANIFEST).write_bytes(image.manifest_bytes)
    (directory / CONFIG).write_bytes(image.config_bytes)
    (directory / PLATFORM).write_text(to_json(image.platform), encoding="utf-8")


def _pull_blob(puller: Puller, request: BlobRequest, cache: DownloadCache, directory: Path) -> None:
    target = directory / BLOB
    cache.provide(
        request.digest,
        str(target),
        lambda part: puller.blob(request.digest, request.size, part),
    )
    target.chmod(0o644)
    with target.open("rb") as blob:
        compression = Compression.of(blob)
    (directory / COMPRESSION).write_text(compression.value, encoding="ascii")


if __name__ == "__main__":
    run(main)
