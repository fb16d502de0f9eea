"""Program: push images to registries.

    publish_main <request.json> <result.json>

The request is that of `lading.registry.push.publish_request`; its files lie below the current
directory. Every image is tried at every destination. Progress is reported on standard error;
standard output gets a line `name:tag@sha256:...` for each tag that names its image in the end, even
if it did before. The result is `{"destinations": [...]}`, an entry for each destination of each
image in the request's order (`lading.registry.push.publish_result`). Finally the program fails if
any destination has failed.

The process must not be cached: it must run each time, with the environment and the credentials of
this machine.
"""

import json
import os
import sys
from pathlib import Path
from typing import List

from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.registry.auth.credentials import CredentialSource
from lading.registry.push.publish import Registries, publish
from lading.registry.push.publish_request import images_of_request
from lading.registry.push.pushed_layers import PushedLayers
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.errors import LadingError


def main(argv: List[str]) -> None:
    request_path, result_path = argv
    images = images_of_request(Path(request_path).read_text(encoding="utf-8"))
    machine = Machine.load()
    use_environment(machine)
    credentials = CredentialSource(os.environ, machine.build_root)
    known = PushedLayers.of_this_machine()
    results = publish(images, Registries(machine, credentials, report, pushed=known))
    fields = {"destinations": [one.to_json() for one in results]}
    Path(result_path).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(result_path), json.dumps(fields, indent=2, sort_keys=True) + "\n")
    for one in results:
        if one.error is None:
            sys.stdout.write("".join(f"{name}\n" for name in one.names))
    sys.stdout.flush()
    errors = [f"{one.image}: {one.error}" for one in results if one.error is not None]
    if errors:
        raise LadingError("\n".join(errors))


if __name__ == "__main__":
    run(main)
