from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException

from lading.image.config.platform import Platform
from lading_pants.base_image.base_image import BaseImageTarget, named_image

ADDRESS = Address("bases", target_name="debian")
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def target(**fields: object) -> BaseImageTarget:
    return BaseImageTarget({"image": "debian", **fields}, ADDRESS)


@pytest.mark.parametrize(
    "fields, reference",
    [
        ({}, "docker.io/library/debian:latest"),
        ({"image": "debian:12"}, "docker.io/library/debian:12"),
        ({"digest": DIGEST}, f"docker.io/library/debian@{DIGEST}"),
        ({"image": "debian:12", "digest": DIGEST}, f"docker.io/library/debian:12@{DIGEST}"),
        ({"image": f"debian:12@{DIGEST}"}, f"docker.io/library/debian:12@{DIGEST}"),
        (
            {"image": f"localhost:5000/a/b@{DIGEST}", "digest": DIGEST},
            f"localhost:5000/a/b@{DIGEST}",
        ),
    ],
)
def test_names(fields: dict[str, object], reference: str) -> None:
    named = named_image(target(**fields))
    assert str(named.reference) == reference
    assert named.platform is None


def test_a_platform() -> None:
    assert named_image(target(platform="linux/arm/v7")).platform == Platform("linux", "arm", "v7")


@pytest.mark.parametrize(
    "fields, sentence",
    [
        ({"image": None}, "`image` is missing. Write a name such as `debian:12-slim`."),
        ({"image": ""}, "`image` is empty."),
        ({"image": "Debian"}, "`image` 'Debian' has upper-case letters, which registries refuse."),
        ({"image": "debian:1 2"}, "`image` has '1 2', which is not a tag"),
        ({"image": "debian@sha256:12"}, "`image` 'debian@sha256:12' has the digest 'sha256:12'"),
        ({"image": "https://a.example/b"}, "`image` 'https://a.example/b' "),
        ({"digest": "1" * 64}, f"`digest` is '{'1' * 64}', which is not an image's digest. Write"),
        ({"digest": ""}, "`digest` is '', which is not an image's digest."),
        ({"digest": DIGEST.upper()}, "which is not an image's digest."),
        ({"platform": "amd64"}, "`platform`: the platform 'amd64' is not known. Write"),
        ({"platform": "windows/amd64"}, "`platform`: the platform 'windows/amd64' is not known."),
        (
            {"image": f"debian@{DIGEST}", "digest": OTHER},
            f"`image` has the digest {DIGEST}, but `digest` is {OTHER}. Remove one of them.",
        ),
    ],
)
def test_mistakes_are_found_when_the_build_file_is_read(
    fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**fields)
    assert f"`base_image` {ADDRESS}: " in str(raised.value)
    assert sentence in str(raised.value)


@pytest.mark.parametrize("field", ["image", "digest", "platform"])
def test_fields_are_strings(field: str) -> None:
    with pytest.raises(InvalidTargetException, match="must be a string|is not a string"):
        target(**{field: 5})
