"""Labels in an image's config (OCI image-spec, config.md, Labels)."""

from typing import Mapping

from lading.files.container_path import shown
from lading.values.errors import LadingError


def check_labels(labels: Mapping[str, str]) -> None:
    for name, value in labels.items():
        if not name:
            raise LadingError("`labels` has an empty name. Give the label a name.")
        for text in (name, value):
            # docker and podman accept NUL, but the databases of registries do not.
            if "\0" in text:
                raise LadingError(
                    f"`labels` gives {shown(name)} the value {shown(value)}, but a label can't "
                    "hold a NUL character. Remove it."
                )
