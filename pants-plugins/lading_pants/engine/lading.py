"""The options of Lading."""

from __future__ import annotations

from typing import Any, Optional

from pants.option.option_types import (
    BoolOption,
    DictOption,
    EnumOption,
    IntOption,
    StrListOption,
    StrOption,
)
from pants.option.subsystem import Subsystem

from lading.compression.layer_compression import LayerCompression, Method
from lading.engines.container_engine import Engine
from lading.namespaces.limits import Limits
from lading_pants.errors import TargetError


class LadingSubsystem(Subsystem):
    options_scope = "lading"
    help = "Store packages and container images made of them."

    build_root = StrOption(
        default="//3rdparty/stdenv",
        help="The `build_root` target of store packages that don't name one.",
    )
    build_timeout = IntOption(
        default=Limits().timeout,
        help=(
            "The most seconds that the build of a store package may take, unless it has a "
            "`timeout`, and that `run_as_root` of an image may take, unless it has a "
            "`run_as_root_timeout`. Limits are part of no store path and no cache key: changing "
            "one rebuilds nothing."
        ),
    )
    max_build_log_size = IntOption(
        default=Limits().max_log_size,
        help=(
            "The most bytes that the build of a store package may print, unless it has a "
            "`max_log_size`, and the commands of `run_as_root`."
        ),
    )
    max_build_disk_size = IntOption(
        default=Limits().max_disk_size,
        help=(
            "The most bytes that the files of a store package's build may take on disk while it "
            "runs, unless it has a `max_disk_size`."
        ),
    )
    debian_mirrors = StrListOption(
        help=(
            "Base URLs of Debian archives, which contain `pool/` and `dists/`. They are tried "
            "before those of the machine's own apt configuration. Which one a file comes from "
            "does not matter: files are checked by digest."
        ),
    )
    upgrade = StrListOption(
        help=(
            "Names of Debian packages, or patterns such as `libssl*`, of which "
            "`generate-lockfiles` locks the newest version; `*` stands for all. Without it, what "
            "a `debian_lock` has keeps its version, unless a package that is added needs another."
        ),
    )
    allow_older_index = BoolOption(
        default=False,
        help=(
            "Whether `generate-lockfiles` takes a Debian index that is older than the one that "
            "the lock was made with. Such an index is signed, but hides the updates since then; "
            "set it to go back on purpose, to a snapshot for example."
        ),
    )
    container_engine = EnumOption(
        default=Engine.AUTO,
        help=(
            "What `./pants run` runs images in: with `auto` docker if it answers, else podman; "
            "with `none` neither, as `./pants run --no-daemon` does."
        ),
    )
    container_options = StrListOption(
        help=(
            "Options that `./pants run` gives to `docker run` or `podman run`, such as "
            "`--network=host`. The image's `exposed_ports` are published under the same numbers "
            "unless an option says which ports or which network the container has."
        ),
    )
    compression = EnumOption(
        default=Method.GZIP,
        help=(
            "How layers are compressed. With `zstd` they are a tenth smaller, and are made and "
            "unpacked faster, but docker before 23 and some registries don't take them."
        ),
    )
    compression_level = IntOption(
        default=None,
        help=(
            "From 1, which is fast, to 12 with `gzip` and 19 with `zstd`, which are small; if "
            f"unset, {LayerCompression.parse(Method.GZIP, None).level} with `gzip` and "
            f"{LayerCompression.parse(Method.ZSTD, None).level} with `zstd`. A package is "
            "compressed once, whatever number of images it is in."
        ),
    )
    write_archives = BoolOption(
        default=True,
        help=(
            "Whether `./pants package` writes an archive of each image. Without them it writes the "
            "JSON file with digests, tags and closure only, which is less by the image's size for "
            "who publishes or runs images from here. An archive that lies there from before stays "
            "as it is. `publish` and `run` write no archives anyway."
        ),
    )
    registries = DictOption[str](
        help=(
            "Addresses of registries, `host[:port][/prefix]`, by the names that `registries` of "
            'images call them: `{"prod": "registry.example:5000"}` for `@prod`.'
        ),
    )
    default_registries = StrListOption(
        help="Where images are published that have no `registries`; written as these are.",
    )
    base_images_lock = StrOption(
        default="3rdparty/base-images.lock.json",
        help=(
            "The file that pins `base_image` targets without a digest of their own. It is written "
            "by `generate-lockfiles --resolve=base-images` and belongs in version control."
        ),
    )
    refuse_stale_base_images = BoolOption(
        default=False,
        help=(
            "Whether a `base_image` that is used is an error if its tag names another image by "
            "now than the one that is pinned. The registry is asked in every run that uses it."
        ),
    )
    max_unpacked_size = StrOption(
        default=None,
        help=(
            "What the layers of a `base_image` together may expand to, such as `20 GB`. If unset, "
            "that is a hundred times the size of the compressed layers, and at least 1 GiB, which "
            "no usual image reaches: a small one that expands to more may have been made to fill "
            "disks."
        ),
    )
    registry_mirrors = DictOption[Any](
        help=(
            "Mirrors of image registries, which are pulled from before the registry itself: "
            '`{"docker.io": ["mirror.example:5000/hub"]}`. A mirror is `[https://]host[:port]'
            "[/prefix]`, or a list of these in the order in which they are tried. It does not get "
            "the credentials of the registry that it mirrors. Which one an image comes from does "
            "not matter: images are checked by digest."
        ),
    )
    insecure_registries = StrListOption(
        help=(
            "Hosts of registries, with port if there is one, that may be reached over http, such "
            "as `registry.example:5000`. Hosts of the machine itself always may. A registry on the "
            "internet may lead to these hosts, by a redirect for instance, even if they are inside "
            "a private network; to others there it may not."
        ),
    )

    def limit(self, value: Optional[int], option: str) -> int:
        """A field's `value`, or that of the option, which must be a number above 0."""
        if value is not None:
            return value
        number: int = self.options[option]
        if number < 1:
            raise TargetError(
                f"`[{self.options_scope}].{option}` is {number}, and a build can't keep to that: "
                "set it to a number above 0."
            )
        return number
