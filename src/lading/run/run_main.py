"""Run an image: `run_main SANDBOX REQUEST OPTIONS [ARGUMENT ...]`.

REQUEST is the JSON of `ImageRunRequest`, whose files lie below SANDBOX. OPTIONS is a JSON list of
options that go between `docker run` and the image; it is not in a file because `--env` may contain
a password. The image's program has this program's terminal and working directory, and determines
its status. It gets the arguments, if there are any, in place of the image's `cmd`.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import List

from lading.engines.container_engine import ContainerEngine, Engine
from lading.image.config.runtime_config import RuntimeConfig
from lading.image.layers.layer_blobs import LayerBlobs
from lading.run.engine_session import EngineSession, run_arguments
from lading.run.loadable_image import ImageRunRequest, LoadableImage
from lading.run.namespace_session import NamespaceSession
from lading.runtime.program import run
from lading.values.json_codec import read_json


def main(argv: List[str]) -> None:
    directory, request_file, options, *arguments = argv
    sandbox = Path(directory).absolute()
    request = read_json(ImageRunRequest, (sandbox / request_file))
    image = LoadableImage.of(request, sandbox)
    config = RuntimeConfig.from_json(image.image.config.decode("utf-8"))
    if request.engine is Engine.NONE:
        sys.exit(_run_in_namespaces(image, config, arguments))
    engine = ContainerEngine.find(
        request.engine, os.environ, "use `--no-daemon`, which runs the image without any"
    )
    name = EngineSession(engine, image).load()
    engine.become([*run_arguments(name, config.exposed_ports, json.loads(options)), *arguments])


def _run_in_namespaces(image: LoadableImage, config: RuntimeConfig, arguments: List[str]) -> int:
    work = Path(tempfile.mkdtemp(prefix="lading-run-"))
    try:
        blobs = LayerBlobs(image.layer_files, image.libzstd)
        return NamespaceSession(blobs, config, work).run(arguments)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    run(main)
