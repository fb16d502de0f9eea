"""How the store packages of an image are divided into layers."""

from __future__ import annotations

from typing import Optional

from pants.engine.addresses import Address
from pants.engine.target import IntField, StringField

from lading.image.config.layer import MAX_LAYERS
from lading.image.layers.layering import LAYERINGS, PER_PACKAGE, SINGLE
from lading_pants.image.fields.image_field import refuse


class LayeringField(StringField):
    alias = "layering"
    valid_choices = LAYERINGS
    default = PER_PACKAGE
    help = (
        f"With `{PER_PACKAGE}`, each store package has a layer of its own, which all images with "
        "the package share; a change is pushed and pulled without what has not changed. Where "
        "`max_layers` leaves no room for that, those packages share a layer that cost least "
        f"together: small ones, and those that change at the same time. With `{SINGLE}`, all are "
        "in one layer, with the image's links, files and users. Debian packages, a service's "
        "wheels and sources, trees of files and what `run_as_root` changes have layers of their "
        "own in either case."
    )


class MaxLayersField(IntField):
    alias = "max_layers"
    default = 40
    help = (
        "How many layers the image may have, with those of its base. Store packages share layers "
        f"until they fit; everything else has the layers that it needs. docker takes {MAX_LAYERS}."
    )

    @classmethod
    def compute_value(cls, raw_value: Optional[int], address: Address) -> Optional[int]:
        value = super().compute_value(raw_value, address)
        if value is not None and not 1 <= value <= MAX_LAYERS:
            raise refuse(
                address,
                f"`{cls.alias}` is {value}, but an image can have 1 to {MAX_LAYERS} layers. Choose "
                "one of these numbers.",
            )
        return value
