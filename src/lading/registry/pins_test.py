import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.registry.pins import Pins
from lading.registry.reference import Reference
from lading.values.digest import Sha256
from lading.values.errors import LadingError

ONE, TWO = Sha256("1" * 64), Sha256("2" * 64)
PATH = "3rdparty/base-images.lock.json"


def test_a_pin_is_one_line_and_names_are_sorted() -> None:
    pins = Pins({"ghcr.io/a/b:1": TWO, "docker.io/library/debian:bookworm-slim": ONE})
    assert pins.to_json() == (
        "{\n"
        f'  "docker.io/library/debian:bookworm-slim": "sha256:{"1" * 64}",\n'
        f'  "ghcr.io/a/b:1": "sha256:{"2" * 64}"\n'
        "}\n"
    )
    assert Pins({}).to_json() == "{}\n"


@pytest.mark.parametrize(
    "name", ["debian", "debian:latest", "library/debian", "docker.io/library/debian:latest"]
)
def test_an_image_is_pinned_however_its_name_is_written(name: str) -> None:
    pins = Pins({"docker.io/library/debian:latest": ONE})
    assert pins.digest(Reference.parse(name)) == ONE
    assert pins.digest(Reference.parse("debian:12")) is None


@given(st.dictionaries(st.text(), st.binary(min_size=32, max_size=32).map(Sha256.from_bytes)))
def test_what_is_written_is_read(digests: "dict[str, Sha256]") -> None:
    pins = Pins(digests)
    assert Pins.from_json(pins.to_json(), PATH) == pins


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "is not JSON ("),
        ('{\n<<<<<<< HEAD\n  "a": "b"', "is not JSON ("),
        ("[" * 100_000, "is not JSON ("),
        ("[]", "is not a JSON object."),
        (json.dumps({"a:1": 5}), "has 5 for a:1, which is not the digest of an image."),
        (json.dumps({"a:1": "1" * 64}), f"has '{'1' * 64}' for a:1, which is not the digest"),
        (json.dumps({"a:1": {"digest": str(ONE)}}), "has {'digest': "),
    ],
)
def test_what_is_no_file_of_pins(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as raised:
        Pins.from_json(text, PATH)
    assert str(raised.value).startswith(f"{PATH} {reason}")
    remedy = " Run `./pants generate-lockfiles --resolve=base-images` to rewrite it."
    assert str(raised.value).endswith(remedy)
