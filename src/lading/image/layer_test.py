import pytest

from lading.errors import LadingError
from lading.image.layer import check_layer_count


def test_moby_20298_too_many_layers_are_refused() -> None:
    """moby#25957, buildkit#3067"""
    check_layer_count(125)
    with pytest.raises(LadingError, match="the image has 126 layers, with those that `base`"):
        check_layer_count(126)
