"""Fields of `docker_image` for a service in Python."""

from __future__ import annotations

from typing import Optional

from pants.engine.addresses import Address
from pants.engine.target import StringField
from pants.util.strutil import help_text

from lading.python.image_python import ImagePython
from lading_pants.image.fields.image_field import check


class PexField(StringField):
    alias = "pex"
    help = help_text(
        """
        The address of a `pex_binary` that the image runs, such as `//src/app:bin`. Unless you set
        `entrypoint`, the image starts the PEX's own entry point.

        The PEX is in the image as plain files, so nothing is unpacked when a container starts.
        Wheels come in the lower layers, the biggest in layers of their own that all images with
        them share; the repository's own sources are in the last layer, at `/app`. Modules are
        compiled.

        The PEX must be built for the image's Python. If extension modules or programs in the
        wheels need libraries, the image must have them.
        """
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        return super().compute_value(raw_value, address) or None


class PythonField(StringField):
    alias = "python"
    help = help_text(
        """
        The Python that runs `pex`: a store package with `bin/python3`, such as
        `//3rdparty/cpython`; or the path of a Python in `base` that ends in its version, such as
        `/usr/local/bin/python3.12`. Defaults to the Python in `debian_packages` or in those of
        `base`.
        """
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[str], address: Address) -> Optional[str]:
        value = super().compute_value(raw_value, address) or None
        check(address, ImagePython.check, value)
        return value


PYTHON_FIELDS = (PexField, PythonField)
