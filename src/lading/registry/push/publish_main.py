"""Program: push an image to registries.

    publish_main <request.json> <result.json>

The request is an `ImageToPublish`, the result a `PublishResult`. Every destination is tried.
Progress is reported on standard error; standard output gets a line `name:tag@sha256:...` for each
tag in a destination where nothing failed, even if the tag named the image before. Finally the
program fails if any destination has failed.

The process must not be cached: it must run each time, with the environment and the credentials of
this machine.
"""

import os
import sys
from pathlib import Path
from typing import List

from lading.fetch.report import report
from lading.network.network_environment import use_environment
from lading.registry.auth.credentials import CredentialSource
from lading.registry.push.publish import Registries, publish
from lading.registry.push.publish_request import ImageToPublish
from lading.registry.push.pushed_layers import PushedLayers
from lading.runtime.machine import Machine
from lading.runtime.program import run
from lading.runtime.whole_file import write_whole
from lading.values.errors import LadingError
from lading.values.json_codec import read_json, to_json


def main(argv: List[str]) -> None:
    request_path, result_path = map(Path, argv)
    request = read_json(ImageToPublish, request_path)
    machine = Machine.load()
    use_environment(machine)
    credentials = CredentialSource(os.environ, machine.build_root)
    known = PushedLayers.of_this_machine()
    result = publish(request, Registries(machine, credentials, report, pushed=known))
    result_path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(result_path, to_json(result, indent=2))
    for one in result.destinations:
        sys.stdout.write("".join(f"{name}\n" for name in one.names))
    sys.stdout.flush()
    errors = [f"{request.image}: {one.error}" for one in result.destinations if one.error]
    if errors:
        raise LadingError("\n".join(errors))


if __name__ == "__main__":
    run(main)
