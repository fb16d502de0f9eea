"""Program: pull the manifest and config of an image, or one blob.

    pull_main <request.json> <output directory>

The request is one of `lading.registry.pull.pull_request`; `lading.registry.http.origin` says where
from.
The output directory must not exist yet or be empty. Afterwards it holds `manifest.json` and
`config.json`, or `blob`, bytes as in the registry; it is untouched when the program fails. With
the first two comes `platform.json`, such as `{"platform": "linux/arm64/v8"}`, since an index may
say more of it than the config.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import List

from lading.fetch.download_cache import DownloadCache
from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.registry.auth.credentials import CredentialSource
from lading.registry.http.origin import load_origin
from lading.registry.pull.pull import Puller
from lading.registry.pull.pull_request import BlobRequest, ImageRequest, request_from_json
from lading.runtime.machine import Machine
from lading.runtime.program import run

MANIFEST, CONFIG, PLATFORM, BLOB = "manifest.json", "config.json", "platform.json", "blob"


def main(argv: List[str]) -> None:
    request_path, output_directory = argv
    request = request_from_json(Path(request_path).read_text(encoding="utf-8"))
    machine = Machine.load()
    use_environment(machine)
    credentials = CredentialSource(os.environ, machine.build_root)
    puller = Puller(load_origin(), machine, credentials, report)
    output = os.path.abspath(output_directory)
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(output)) as scratch:
        staged = Path(scratch, "pulled")
        staged.mkdir(0o755)
        if isinstance(request, ImageRequest):
            _pull_image(puller, request, staged)
        else:
            cache = DownloadCache.of_this_machine(otherwise=scratch)
            _pull_blob(puller, request, cache, staged)
        os.replace(staged, output)


def _pull_image(puller: Puller, request: ImageRequest, directory: Path) -> None:
    image = puller.image(request.digest, request.platform)
    (directory / MANIFEST).write_bytes(image.manifest_bytes)
    (directory / CONFIG).write_bytes(image.config_bytes)
    platform = json.dumps({"platform": str(image.platform)})
    (directory / PLATFORM).write_text(platform, encoding="utf-8")


def _pull_blob(puller: Puller, request: BlobRequest, cache: DownloadCache, directory: Path) -> None:
    target = directory / BLOB
    # A loop, for a blob that is damaged in the cache is removed and pulled anew.
    while not cache.copy_to(request.digest, str(target)):
        with cache.part(request.digest) as part:
            if part is not None:
                puller.blob(request.digest, request.size, part)
    target.chmod(0o644)


if __name__ == "__main__":
    run(main)
