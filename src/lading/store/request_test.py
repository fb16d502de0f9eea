import json

from lading.store.request import InputPackage, RealiseRequest
from lading.store.source import RequestedSource
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath

REQUEST = RealiseRequest(
    path=StorePath("0" * 32, "redis-7"),
    script="make\n",
    env={"B": "2", "A": "ä"},
    strip="debug",
    source=RequestedSource("redis.tar.gz", "source/redis.tar.gz"),
    further_sources=(RequestedSource("tree", "sources/0", True, ("bin/x",)),),
    patches=(RequestedSource("fix.patch", "patches/redis/fix.patch"),),
    inputs=(
        InputPackage(
            StorePath("1" * 32, "glibc-2"), "inputs/x/segment.tar", "a" * 64, True, "glibc"
        ),
    ),
    debs={"b" * 64: "debs/bash.deb"},
    alternatives={"awk": "gawk"},
)


def test_a_request_survives_its_file() -> None:
    assert from_json(RealiseRequest, to_json(REQUEST)) == REQUEST


def test_a_request_without_a_source_survives_its_file() -> None:
    fields = {**json.loads(to_json(REQUEST)), "source": None, "further_sources": []}
    assert from_json(RealiseRequest, json.dumps(fields)).source is None


def test_the_file_does_not_depend_on_the_order_of_mappings() -> None:
    fields = json.loads(to_json(REQUEST))
    fields["env"] = dict(reversed(list(fields["env"].items())))
    assert to_json(from_json(RealiseRequest, json.dumps(fields))) == to_json(REQUEST)
    assert to_json(REQUEST).isascii()
