from typing import Dict

import pytest

from lading.image.config.labels import check_labels
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "labels, reason",
    [
        ({"": "x"}, "has an empty name"),
        ({"a": "x\0"}, "a label can't hold a NUL"),
        ({"a\0": "x"}, "a label can't hold a NUL"),
    ],
)
def test_labels_that_not_every_registry_keeps(labels: Dict[str, str], reason: str) -> None:
    with pytest.raises(LadingError, match=reason):
        check_labels(labels)


def test_labels_may_have_any_characters() -> None:
    check_labels({"a b=c": "x\ny \u00e4"})
