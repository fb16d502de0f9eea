import pytest

from lading.image.config.layer import check_layer_count
from lading.values.errors import LadingError


def test_moby_20298_too_many_layers_are_refused() -> None:
    """moby#25957, buildkit#3067"""
    check_layer_count(125)
    with pytest.raises(
        LadingError, match="the image has 126 layers, including those of its `base`"
    ):
        check_layer_count(126)
