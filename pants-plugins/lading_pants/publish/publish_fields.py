"""Fields of `docker_image` that say where it is published."""

from __future__ import annotations

from pants.engine.target import BoolField
from pants.util.strutil import help_text

from lading.registry.push.destinations import check_registry
from lading_pants.image.fields.image_field import ListField


class RegistriesField(ListField):
    alias = "registries"
    example = '["registry.example:5000", "@prod"]'
    help = help_text(
        """
        The registries that `./pants publish` pushes the image to, such as
        `["registry.example:5000/team", "@prod"]`. Each is `host[:port][/prefix]`, or `@name` for
        one that is defined in `[lading].registries`.

        Defaults to `[lading].default_registries`. If those are unset too, the image is published
        only if `repository` names a registry.
        """
    )

    @classmethod
    def check_element(cls, element: str) -> None:
        check_registry(element)


class SkipPushField(BoolField):
    alias = "skip_push"
    default = False
    help = "Whether `./pants publish` skips the image. It is then not built either."
