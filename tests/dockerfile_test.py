"""docs/coming-from-dockerfile.md: its snippets are a BUILD file, whose images are built."""

import json
import re
import tarfile
from pathlib import Path
from typing import Any, Dict, List

import image_archive
from base_image_registry import BaseImages
from conftest import BUILD_ROOT
from repository import Repository

_PAGE = (BUILD_ROOT / "docs/coming-from-dockerfile.md").read_text()
_SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIGEST = re.compile(r"(?<=digest=\")sha256:[0-9a-f]{64}")

SOURCES = {
    "index.html": "<p>Hello.\n",
    "hello.c": '#include <stdio.h>\nint main(void) { return puts("Hello.") < 0; }\n',
}

#: By image, a file that it has.
FILES = {
    "from": "./usr/bin/bash",
    "apt-get": "usr/bin/memcached",
    "copy": "srv/www/index.html",
    "add": "etc/redis.conf",
    "user": "data",
    "env": "srv",
    "pip-install": "app",
    "run": "etc/state",
}

#: By image, what its config says.
CONFIGS: Dict[str, Dict[str, Any]] = {
    "user": {"User": "1000:1000", "Volumes": {"/data": {}}},
    "env": {
        "Env": ["LANG=C.UTF-8", "PATH=/usr/bin"],
        "WorkingDir": "/srv",
        "ExposedPorts": {"8080/tcp": {}},
        "StopSignal": "SIGQUIT",
    },
    "arg": {"Labels": {"org.opencontainers.image.vendor": "storage"}},
    "arg-of-search": {"Labels": {"org.opencontainers.image.vendor": "search"}},
}

#: By image, the packages that its config brings.
PACKAGES = {
    "multi-stage": ["hello"],
    "entrypoint": ["bash", "entrypoint.sh", "redis"],
    "healthcheck": ["redis"],
}


def test_the_twelve_idioms(repository: Repository, base_images: BaseImages, debian: str) -> None:
    snippets, count = _DIGEST.subn(debian, "\n".join(_SNIPPET.findall(_PAGE)))
    assert (count, _PAGE.count("```dockerfile")) == (1, 12)
    mirrors = f'--lading-registry-mirrors={{"docker.io": ["{base_images.host}"]}}'
    with repository.declared("dockerfile", snippets) as dist:
        for name, text in SOURCES.items():
            (repository.root / "dockerfile" / name).write_text(text)
        repository.pants(mirrors, "package", "dockerfile::")
        for name, path in FILES.items():
            assert path in image_archive.root_file_system(dist / f"{name}.tar"), name
        for name, expected in CONFIGS.items():
            config = _config(dist / f"{name}.tar")
            assert {key: config.get(key) for key in expected} == expected, name
        for name, packages in PACKAGES.items():
            closure = _closure(dist / f"{name}.json")
            assert all(any(map(re.compile(package).match, closure)) for package in packages), name


def _config(archive: Path) -> Any:
    with tarfile.open(archive) as tar:

        def document(name: str) -> Any:
            file = tar.extractfile(name)
            assert file
            return json.load(file)

        return document(document("manifest.json")[0]["Config"])["config"]


def _closure(description: Path) -> List[str]:
    """Names of packages with versions."""
    return [package["name"] for package in json.loads(description.read_text())["closure"]]
