"""The options of `./pants test` for images."""

from __future__ import annotations

from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem


class ImageTestSubsystem(Subsystem):
    # Pants considers a scope that equals the target's alias a collision.
    options_scope = "image-test"
    name = "docker_image_test"
    help = "Tests of images, as `docker_image_test` targets declare them."

    skip = SkipOption("test")
