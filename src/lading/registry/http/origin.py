"""The repository to pull a digest from, which is not part of the pull's cache key.

A pull is identified by digest, so that images with a common layer, and machines that reach the same
image under different names, share its cache entry. The repository lies in a directory that Pants
links into the sandbox as an append-only cache (see `lading.runtime.machine`):

    .lading/origin/origin.json    {"repository": "docker.io/library/debian"}
"""

import json
from pathlib import Path

from lading.image.reference import Repository
from lading.values.errors import LadingError

#: The directory's path in the sandbox.
ORIGIN_DIR = ".lading/origin"
ORIGIN_FILE = "origin.json"


def origin_to_json(repository: Repository) -> str:
    return json.dumps({"repository": repository.canonical})


def load_origin(directory: str = ORIGIN_DIR) -> Repository:
    """Raises LadingError if this machine has no such directory, as in remote execution."""
    try:
        text = Path(directory, ORIGIN_FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LadingError(
            "An image can't be pulled where Pants does not keep append-only caches, because "
            "Lading records its registry there: exclude such processes from remote execution."
        ) from error
    return Repository.parse(json.loads(text)["repository"])
