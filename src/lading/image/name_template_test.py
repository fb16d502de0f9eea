import pytest

from lading.image.name_template import Placeholder, fill, fill_hash, placeholders, sample
from lading.values.digest import Sha256
from lading.values.errors import LadingError

DIGEST = Sha256("0123456789abcdef" * 4)


def test_parts_are_found_in_order() -> None:
    text = "{version://3rdparty/redis}-{env:CI_COMMIT}-{hash}-{version::redis}"
    assert list(placeholders("image_tags", text)) == [
        (Placeholder.VERSION, "//3rdparty/redis"),
        (Placeholder.ENVIRONMENT, "CI_COMMIT"),
        (Placeholder.HASH, ""),
        (Placeholder.VERSION, ":redis"),
    ]


def test_parts_are_replaced() -> None:
    assert fill("image_tags", "a-{env:X}{hash}", lambda kind, name: f"<{kind.value}{name}>") == (
        "a-<envX><hash>"
    )
    assert fill_hash("v1-{hash}", DIGEST) == "v1-0123456789ab"
    assert sample("image_tags", "{env:X}-{hash}") == "1-000000000000"


@pytest.mark.parametrize(
    "text", ["{}", "{Hash}", "{hash:1}", "{env}", "{env:}", "{env:A B}", "{version}", "{//a}"]
)
def test_other_braces_are_refused(text: str) -> None:
    with pytest.raises(LadingError, match="`image_tags` has .* is unknown") as error:
        list(placeholders("image_tags", text))
    assert text in str(error.value)
