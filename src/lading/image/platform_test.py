import pytest

from lading.errors import LadingError
from lading.image.platform import Platform


@pytest.mark.parametrize("text", ["windows/amd64", "linux", "amd64", ""])
def test_bad_platforms(text: str) -> None:
    with pytest.raises(LadingError, match="Write `linux/amd64`"):
        Platform.parse(text)
