"""Fields of `docker_image` that say where it is published."""

from __future__ import annotations

from pants.engine.target import BoolField

from lading.registry.push.destinations import check_registry
from lading_pants.image.fields.image_field import ListField


class RegistriesField(ListField):
    alias = "registries"
    example = '["registry.example:5000", "@prod"]'
    help = (
        "Where `./pants publish` pushes the image to: registries as `host[:port][/prefix]`, or "
        "`@name` for one that `[lading].registries` has the address of. If it is unset, those of "
        "`[lading].default_registries` count; without these the image is published if "
        "`repository` names a registry itself."
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        check_registry(element)


class SkipPushField(BoolField):
    alias = "skip_push"
    default = False
    help = "Whether `./pants publish` leaves the image out. It is not even built then."
