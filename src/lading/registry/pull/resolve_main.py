"""Program: find the digests that tags have now.

    resolve_main <request.json> <output.json>

The request is `{"images": ["debian:12", ...]}`, the output `{"debian:12": "sha256:...", ...}`
with the same names. Nothing is written unless all are found. The answer changes with time: its
process must not be cached.
"""

import json
import os
from pathlib import Path
from typing import Dict, List

from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.registry.auth.credentials import CredentialSource
from lading.registry.pull.pull import Puller
from lading.registry.reference import Reference
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole


def main(argv: List[str]) -> None:
    request_path, output_path = argv
    images = json.loads(Path(request_path).read_text(encoding="utf-8"))["images"]
    references = {image: Reference.parse(image) for image in sorted(set(images))}
    machine = Machine.load()
    use_environment(machine)
    credentials = CredentialSource(os.environ, machine.build_root)
    digests: Dict[str, str] = {}
    for image, reference in references.items():
        puller = Puller(reference.repository, machine, credentials, report)
        digests[image] = str(puller.resolve(reference.tag) if reference.tag else reference.digest)
    write_whole(Path(output_path), json.dumps(digests, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    run(main)
