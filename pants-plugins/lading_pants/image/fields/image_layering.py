"""How the store packages of an image are divided into layers."""

from __future__ import annotations

from typing import Optional

from pants.engine.addresses import Address
from pants.engine.target import IntField, StringField
from pants.util.strutil import help_text

from lading.image.config.layer import MAX_LAYERS
from lading.image.layers.layering import LAYERINGS, PER_PACKAGE, SINGLE
from lading_pants.image.fields.image_field import refuse


class LayeringField(StringField):
    alias = "layering"
    valid_choices = LAYERINGS
    default = PER_PACKAGE
    help = help_text(
        f"""
        How to divide store packages into layers: `{PER_PACKAGE}` (the default) or `{SINGLE}`.

        With `{PER_PACKAGE}`, each store package has a layer of its own, which all images with
        this package share: if one package changes, only its layer is pushed and pulled again. If
        there are more packages than `max_layers` allows, some share a layer: those for which it
        costs least, because they are small or change at the same time.

        With `{SINGLE}`, all store packages are in one layer, together with the image's links,
        files and users. Either way, Debian packages, a service's wheels and sources, trees of
        files, and the changes of `run_as_root` have layers of their own.
        """
    )


class MaxLayersField(IntField):
    alias = "max_layers"
    default = 40
    help = help_text(
        f"""
        The maximum number of layers in the image, including those of its base. Store packages
        share layers to stay within it; everything else has the layers it needs. docker supports
        at most {MAX_LAYERS}.
        """
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
