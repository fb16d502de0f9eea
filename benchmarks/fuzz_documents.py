"""Manifests, indexes and configs to fuzz with."""

import copy
import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, Tuple

from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.base_config import BaseConfig
from lading.image.config.config import ImageConfig
from lading.image.config.config_type import read_config
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.root.account_files import AccountFiles
from lading.image.root.accounts import Accounts
from lading.image.root.process_user import resolve_user
from lading.registry.pull.remote_image import find_image
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.errors import LadingError

_PLATFORM = Platform("linux", "amd64")

_VALUES: List[Any] = [
    *(None, True, 0, -1, 1 << 70, 1.5, float("nan"), "", "x", "linux", "amd64", "unknown", "a=b"),
    *("sha256:" + "0" * 64, "sha512:" + "0" * 128, [], {}, [[]], [None], {"": {}}, "\ud800", "/"),
]

_KEYS = ["CONFIG", "rootFS", "u\u017fer", "user", "Size", "fsLayers", "manifests", "layers"]
_KEYS += ["config", "urls", "variant", "schemaVersion"]

_PASSWD = ["", "a:x:1:2::/:\n", "a:x:99999999999:2", "\n#\na:x:-1:1:\n", "b:x:5:a,b", "a"]
_PASSWD += [":\n+::", "a:x:" + "9" * 5000]
_PASSWD += ["a:x:1:2:" + "web," * 9, "web:x:80:80::/:/bin/sh\n", "root\x00:x:1"]

_LAYER = Layer(Sha256.of(b"x"), Sha256.of(b"y"), 1, GZIP_MEDIA_TYPE, "fuzz", 1)


def fuzz_documents(rng: random.Random, directory: Path) -> str:
    """LadingError where the image is refused."""
    documents: Dict[Sha256, bytes] = {}

    def put(fields: Any) -> Dict[str, Any]:
        content = _damaged_text(rng, json.dumps(_damaged(rng, fields)).encode())
        documents[Sha256.of(content)] = content
        return {"mediaType": "x", "digest": str(Sha256.of(content)), "size": len(content)}

    def get(kind: str, digest: Sha256) -> bytes:
        if digest not in documents:
            raise LadingError("the registry does not have it.")
        return documents[digest]

    count = rng.randrange(4)
    top = _manifest(put, count)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        top = _index(put, top)
    reference = Reference.parse(f"localhost/x@{top['digest']}")
    image = find_image(reference, _PLATFORM, get)
    base = BaseConfig(image.config_bytes.decode("utf-8"))
    for diff_id in base.diff_ids:
        Sha256.parse(diff_id)
    own = ImageConfig(image.platform, entrypoint=("x",), env=(("A", "1"),), base=base)
    assert own.environment["A"] == "1"
    layers = [_LAYER] * (len(image.manifest.layers) + 1)
    config = json.loads(own.to_bytes(layers))
    assert len(config["rootfs"]["diff_ids"]) == len(layers)
    assert sum(not one.get("empty_layer") for one in config["history"]) == len(layers)
    # What is written is what every runtime reads, in the usual spelling.
    assert read_config(config) == config
    with suppress(LadingError):
        accounts = AccountFiles(passwd=rng.choice(_PASSWD), group=rng.choice(_PASSWD))
        resolve_user(rng.choice(["a", "a:b", "b"]), accounts)
        extended = accounts.extended(Accounts.parse({"web": 80}, {"b": {"gid": 7}}))
        assert resolve_user("web", extended) == "80:80"
    return "accepted"


def _manifest(put: Any, count: int) -> Dict[str, Any]:
    config = put(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {
                "Env": ["PATH=/bin", "A=b"],
                "Cmd": ["sh"],
                "Labels": {"a": "b"},
                "ExposedPorts": {"80/tcp": {}},
                "Volumes": {"/data": {}},
                "Healthcheck": {"Test": ["NONE"], "Interval": 5},
                "User": "0",
                "WorkingDir": "/",
                "Shell": ["sh"],
                "StopTimeout": 5,
                "Tty": False,
            },
            "created": "2024-01-01T00:00:00Z",
            "author": "x",
            "container_config": {"User": "x"},
            "rootfs": {"type": "layers", "diff_ids": [str(_LAYER.diff_id)] * count},
            "history": [{"created_by": "x"}] * count + [{"empty_layer": True}],
        }
    )
    layer = {"mediaType": GZIP_MEDIA_TYPE, "digest": str(_LAYER.digest), "size": 1}
    manifest: Dict[str, Any] = put(
        {"schemaVersion": 2, "mediaType": "x", "config": config, "layers": [layer] * count}
    )
    return manifest


def _index(put: Any, top: Dict[str, Any]) -> Dict[str, Any]:
    entries = [
        {**top, "platform": {"os": "unknown", "architecture": "unknown"}},
        {**top, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {**top, "platform": {"os": "linux", "architecture": "amd64"}},
        {**top, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ]
    index: Dict[str, Any] = put({"schemaVersion": 2, "manifests": entries})
    return index


def _damaged(rng: random.Random, fields: Any) -> Any:
    fields = json.loads(json.dumps(fields))
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        places: List[Tuple[Any, Any]] = list(_places(fields))
        if not places:
            break
        container, key = rng.choice(places)
        value = copy.deepcopy(rng.choice([container[key], *_VALUES]))
        damage = rng.random()
        if damage < 0.6:
            container[key] = value
        elif damage < 0.8:
            del container[key]
        elif isinstance(container, list):
            container.insert(key, value)
        else:
            container[rng.choice(_KEYS)] = value
    return fields


def _places(value: Any) -> Any:
    """Containers, and keys in them."""
    inner: List[Any] = []
    if isinstance(value, dict):
        inner = list(value)
    elif isinstance(value, list):
        inner = list(range(len(value)))
    for key in inner:
        yield value, key
        yield from _places(value[key])


def _damaged_text(rng: random.Random, text: bytes) -> bytes:
    damage = rng.random()
    at = rng.randrange(len(text))
    if damage < 0.01:
        return text[:at]
    if damage < 0.03:
        return text[:at] + rng.randbytes(1) + text[at + 1 :]
    if damage < 0.035:
        return text[:at] + b"[" * 100_000 + text[at:]
    if damage < 0.04:
        return text[:at] + rng.choice([b'{"a":1,"a":2}', b"9" * 5000, b"1e999", b"\xef\xbb\xbf"])
    return text
