"""Fuzzes the fields of BUILD files: each value is accepted, or refused by one sentence.

    PYTHONPATH=src:pants-plugins python benchmarks/fuzz_fields.py [SECONDS] [SEED]

What is accepted goes through what is made of it before anything is built: the config, the root
tree, the checks of a test. Needs Pants' own environment.
"""

import collections
import json
import random
import sys
import time
import traceback
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException, InvalidTargetException, Target

from lading.checks.command_check import CommandCheck
from lading.checks.config_check import ConfigCheck, parse_config
from lading.checks.file_check import FileCheck
from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.image.config.config import ImageConfig
from lading.image.config.healthcheck import Healthcheck
from lading.image.config.layer import Layer
from lading.image.config.platform import Platform
from lading.image.root.root_fields import RootFields, fill_strings
from lading.image.root.root_tree import plan_root_tree
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading_pants.base_image.base_image import BaseImageTarget, named_image
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.fetch.fetch_url import FetchUrlTarget, pinned_file
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.image.fields.image_field import with_some_store_path
from lading_pants.store.store_package_target import StorePackageTarget
from lading_pants.test.docker_image_test_target import DockerImageTestTarget

_DIGEST = "sha256:" + "1" * 64
_LAYER = Layer(Sha256.of(b"x"), Sha256.of(b"y"), 1, GZIP_MEDIA_TYPE, "fuzz", 1)

# Related values: words that mean something to some field, to be put together and damaged.
_WORDS = (
    *(
        "",
        " ",
        "/",
        "//",
        "/data",
        "/data/x",
        "/etc/passwd",
        "/etc",
        "/dev/null",
        "/proc/x",
        "..",
        ".",
    ),
    *("/srv/www/", "/store/x", "/.wh.x", "/bin/sh", "x" * 300, "/" + "y/" * 2100, "redis", "root"),
    *(
        "nobody",
        "redis:redis",
        "0:0",
        "999",
        "9" * 30,
        "9" * 5000,
        "2147483648",
        "-1",
        "0755",
        "none",
    ),
    *(
        "0750 redis:redis",
        "07777",
        "6379",
        "53/udp",
        "1-65535",
        "9-1",
        "70000",
        "SIGTERM",
        "SIGRTMIN+9",
    ),
    *(
        "30s",
        "1ms",
        "9" * 400 + "h",
        "1.5m",
        "CMD",
        "CMD-SHELL",
        "NONE",
        "test",
        "interval",
        "retries",
    ),
    *(
        "{//a:b}",
        "{:b}",
        "{//",
        "{{//x}}",
        "{hash}",
        "{env:A}",
        "{version://a}",
        "{",
        "A",
        "A=B",
        "PATH",
    ),
    *(
        "localhost:5000/x",
        "$(id):5000",
        "@nope",
        "a.b/c",
        "[::1]:5/x",
        "x:1",
        f"x@{_DIGEST}",
        "X",
        "a--b",
    ),
    *(
        "linux/amd64",
        "linux/arm/v7",
        "windows",
        _DIGEST,
        "1" * 64,
        "mirror://debian/x",
        "https://x/y",
    ),
    *(
        "https://u:p@x/y",
        "file:/x",
        "http://[x",
        "20 MB",
        "1e9 GB",
        "(?i)x",
        "(a+)+$",
        "[",
        "*",
        "gcc",
    ),
    *(
        "\0",
        "a\nb",
        "\n  a\n  b\n",
        "\t",
        "\x1b[31m",
        "\ud800",
        "\u00e4",
        "\U0001f600",
        "\u2028",
        "$x",
    ),
    *(
        "uid",
        "gid",
        "group",
        "home",
        "shell",
        "gecos",
        "members",
        "text",
        "source",
        "mode",
        "owner",
    ),
    *(
        "unpack",
        "run",
        "args",
        "env",
        "user",
        "working_dir",
        "stdin",
        "stdout",
        "exit_code",
        "type",
    ),
    *("file", "symlink", "target", "contains", "lacks", "entrypoint", "cmd", "labels", "volumes"),
)
_OTHERS = (None, True, False, 0, 1, -1, 9, 999, 2**31, 2**63, 1.5, float("nan"), b"x", (), [])

_TARGETS: Sequence[type] = (
    DockerImageTarget,
    DockerImageTestTarget,
    StorePackageTarget,
    BaseImageTarget,
    FetchUrlTarget,
    DebianLockTarget,
)

#: Values that are accepted, for others to be made of.
_GOOD: Mapping[str, Any] = {
    "users": {"redis": {"uid": 999, "group": "redis", "home": "/data", "shell": "/bin/sh"}},
    "groups": {"web": {"gid": 1000, "members": ["redis"]}},
    "directories": {"/data": "0750 redis:redis", "/tmp": "none"},
    "symlinks": {"/bin/sh": "{//a:bash}/bin/bash"},
    "files": {
        "/etc/x": {"text": "x", "mode": "0640", "owner": "redis:redis"},
        "/w/": {"source": ":x"},
    },
    "env": {"PATH": "/bin", "A": "{:b}"},
    "labels": {"a.b/c": "d"},
    "healthcheck": {"test": ["CMD", "x"], "interval": "30s", "retries": 3},
    "entrypoint": ["/bin/sh", "-c"],
    "cmd": ["x"],
    "exposed_ports": ["6379", "53/udp"],
    "volumes": ["/data"],
    "working_dir": "/data",
    "user": "redis:redis",
    "stop_signal": "SIGINT",
    "commands": [{"run": ["x"], "env": {"A": "b"}, "stdout": ["x"], "exit_code": 1, "stdin": "y"}],
    "config": {"user": "redis", "env": {"A": None}, "exposed_ports": ["1"], "cmd": ["x"]},
    "image": "debian:12",
    "digest": _DIGEST,
    "platform": "linux/arm64",
    "url": ["https://a.example/x.tar"],
    "sha256": "1" * 64,
    "suites": ["bookworm"],
    "registries": ["a.example:5000/x"],
    "image_tags": ["1.0", "{hash}"],
    "max_size": "20 MB",
}


def main(argv: List[str]) -> None:
    seconds = float(argv[1]) if len(argv) > 1 else 600
    seed = int(argv[2]) if len(argv) > 2 else 1
    rng = random.Random(seed)
    counts: Dict[Tuple[str, str], int] = collections.Counter()
    faults: Dict[str, str] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        kind = rng.choice(_TARGETS)
        fields = _fields(rng, kind)
        try:
            outcome = _try(kind, fields)
        except Exception as error:  # - this is what is looked for
            outcome = "traceback"
            first: BaseException = error
            while first.__context__ is not None:
                first = first.__context__
            place = traceback.extract_tb(first.__traceback__)[-1]
            where = f"{type(first).__name__} {place.filename}:{place.lineno}: {first}"[:300]
            faults.setdefault(where, repr(fields)[:600])
        counts[kind.alias, outcome] += 1
    for (alias, outcome), count in sorted(counts.items()):
        print(f"{alias:20} {outcome:12} {count}")
    for place, example in faults.items():
        print(ascii(place), ascii(example), sep="\n    ")
    sys.exit(1 if faults else 0)


def _fields(rng: random.Random, kind: Any) -> Dict[str, Any]:
    known = [field for field in kind.core_fields if field.alias not in ("tags", "description")]
    chosen = {field.alias for field in known if field.required and rng.random() < 0.95}
    chosen.update(rng.choice(known).alias for _ in range(rng.randint(1, 3)))
    values: Dict[str, Any] = {}
    for alias in sorted(chosen):
        good = _GOOD.get(alias)
        values[alias] = _value(rng) if good is None or rng.random() < 0.2 else _damaged(rng, good)
    return values


def _damaged(rng: random.Random, value: Any) -> Any:
    """`value`, with something in it replaced now and then."""
    if rng.random() < 0.12:
        return _value(rng)
    if isinstance(value, dict):
        pairs = {
            key if rng.random() < 0.9 else _key(rng): _damaged(rng, one)
            for key, one in value.items()
        }
        if rng.random() < 0.15:
            pairs[_key(rng)] = _value(rng)
        return pairs
    if isinstance(value, list):
        return [_damaged(rng, one) for one in value for _ in range(rng.choice([1, 1, 1, 0, 2]))]
    if isinstance(value, str) and rng.random() < 0.15:
        at = rng.randint(0, len(value))
        return value[:at] + rng.choice(_WORDS) + value[at:]
    return value


def _key(rng: random.Random) -> Any:
    return rng.choice(_WORDS) if rng.random() < 0.9 else rng.choice([None, 1, True, ("x",)])


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if kind < 0.55 or depth > 2:
        return rng.choice(_WORDS) + (rng.choice(_WORDS) if rng.random() < 0.3 else "")
    if kind < 0.7:
        return rng.choice(_OTHERS)
    if kind < 0.85:
        return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {_key(rng): _value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def _try(kind: Any, fields: Dict[str, Any]) -> str:
    try:
        target = kind(fields, Address("a", target_name="t"))
    except (InvalidFieldException, InvalidTargetException) as error:
        text = str(error)
        assert "a:t" in text, f"without the target: {text}"
        text.encode("utf-8")
        return "refused"
    try:
        _AFTER.get(kind, lambda target: None)(target)
    except LadingError as error:
        str(error).encode("utf-8")
        return "refused late"
    return "accepted"


def _use_image(target: Target) -> None:
    values = {field.alias: field.value for field in target.field_values.values()}

    def filled(alias: str, default: Any = None) -> Any:
        value = values.get(alias)
        return default if value is None else fill_strings(value, with_some_store_path)

    root = ("users", "groups", "directories", "symlinks", "files")
    parsed = RootFields.parse({alias: filled(alias) for alias in root if values.get(alias)})
    to_json(plan_root_tree({}, parsed, lambda source: b"").image).encode("utf-8")
    healthcheck = filled("healthcheck")
    config = ImageConfig(
        platform=Platform("linux", "amd64"),
        entrypoint=tuple(filled("entrypoint", ())),
        cmd=tuple(filled("cmd", ())),
        env=tuple(sorted(filled("env", {}).items())),
        exposed_ports=tuple(filled("exposed_ports", ())),
        working_dir=filled("working_dir", ""),
        volumes=tuple(filled("volumes", ())),
        user=filled("user", ""),
        labels=tuple(sorted(filled("labels", {}).items())),
        stop_signal=filled("stop_signal", ""),
        healthcheck=Healthcheck.parse(healthcheck) if healthcheck else None,
    )
    json.loads(config.to_bytes([_LAYER]))


def _use_test(target: Target) -> None:
    values = {field.alias: field.value for field in target.field_values.values()}
    for command in values["commands"] or ():
        check = CommandCheck.parse(fill_strings(command, with_some_store_path))
        assert from_json(CommandCheck, to_json(check)) == check
    for path, expected in (values["files"] or {}).items():
        parsed = FileCheck.parse(
            with_some_store_path(path), fill_strings(expected, with_some_store_path)
        )
        assert from_json(FileCheck, to_json(parsed)) == parsed
    for one in parse_config(fill_strings(values["config"] or {}, with_some_store_path)):
        assert from_json(ConfigCheck, to_json(one)) == one


_AFTER: Mapping[Any, Callable[[Target], None]] = {
    DockerImageTarget: _use_image,
    DockerImageTestTarget: _use_test,
    BaseImageTarget: lambda target: str(named_image(target)).encode("utf-8") and None,
    FetchUrlTarget: lambda target: to_json(pinned_file(target)).encode("utf-8") and None,
}


if __name__ == "__main__":
    main(sys.argv)
