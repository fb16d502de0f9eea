"""Fields of `docker_image` for a service in Python."""

from __future__ import annotations

from typing import Optional

from pants.engine.addresses import Address
from pants.engine.target import StringField

from lading.python.image_python import ImagePython
from lading_pants.image.fields.image_field import check


class PexField(StringField):
    alias = "pex"
    help = (
        "A `pex_binary` that the image runs. It is in the image as files, in layers: the wheels "
        "that it needs, the biggest in layers of their own, the same in every image with them; and "
        "the repository's own sources in the last layer, at `/app`. Modules are compiled. Nothing "
        "is unpacked when a container starts. Where `entrypoint` is unset, it starts the PEX's "
        "own. The PEX must be for the image's Python. Libraries that extension modules and "
        "programs in the wheels need must be in the image."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return super().compute_value(raw_value, address) or None


class PythonField(StringField):
    alias = "python"
    help = (
        "What runs `pex`: a store package that has `bin/python3`, such as `//3rdparty/cpython`; "
        "or the path of a Python that `base` has, with its version: `/usr/local/bin/python3.12`. "
        "If unset, the one of `debian_packages`, which `base` may have as well."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address) or None
        check(address, ImagePython.check, value)
        return value


PYTHON_FIELDS = (PexField, PythonField)
