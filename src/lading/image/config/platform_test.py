import pytest

from lading.image.config.platform import Platform
from lading.values.errors import LadingError


@pytest.mark.parametrize("text", ["windows/amd64", "linux", "amd64", ""])
def test_bad_platforms(text: str) -> None:
    with pytest.raises(LadingError, match="Write `linux/amd64`"):
        Platform.parse(text)
