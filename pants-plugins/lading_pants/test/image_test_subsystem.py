"""The options of `./pants test` on images."""

from __future__ import annotations

from pants.option.option_types import SkipOption
from pants.option.subsystem import Subsystem


class ImageTestSubsystem(Subsystem):
    # Pants takes a scope like the target's alias for a collision.
    options_scope = "image-test"
    name = "docker_image_test"
    help = "Tests of images, as `docker_image_test` targets declare them."

    skip = SkipOption("test")
