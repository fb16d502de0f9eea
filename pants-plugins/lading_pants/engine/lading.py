"""The options of Lading."""

from __future__ import annotations

from enum import Enum
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
from pants.util.strutil import softwrap

from lading.compression.layer_compression import LayerCompression, Method
from lading.engines.container_engine import Engine
from lading.namespaces.limits import Limits
from lading.store.build.chosen_sandbox import SandboxKind
from lading_pants.errors import TargetError


class Archives(Enum):
    PACKAGE = "package"
    DIST = "dist"
    NONE = "none"


class LadingSubsystem(Subsystem):
    options_scope = "lading"
    help = "Lading: store packages and the container images made from them."

    build_root = StrOption(
        default="//3rdparty/stdenv",
        help="The `build_root` for store packages that don't set one.",
    )
    build_timeout = IntOption(
        default=Limits().timeout,
        help=softwrap(
            """
            The maximum time, in seconds, that the build of a store package may take if it sets no
            `timeout`, and that `run_as_root` of an image may take if it sets no
            `run_as_root_timeout`. Limits are not part of any store path or cache key: changing
            one rebuilds nothing.
            """
        ),
    )
    max_build_log_size = IntOption(
        default=Limits().max_log_size,
        help=softwrap(
            """
            The maximum number of bytes that the build of a store package may print if it sets no
            `max_log_size`, and that the commands of `run_as_root` may print.
            """
        ),
    )
    max_build_disk_size = IntOption(
        default=Limits().max_disk_size,
        help=softwrap(
            """
            The maximum disk space, in bytes, that the files of a store package's build may use
            while it runs, if it sets no `max_disk_size`.
            """
        ),
    )
    sandbox = EnumOption(
        default=SandboxKind.AUTO,
        help=softwrap(
            """
            What builds of store packages run in. `namespaces` is bubblewrap. `chroot` is for
            root in containers that may not create namespaces, as with docker's default settings
            or in Kubernetes; it hides less of the machine (docs/security.md). `auto` uses
            `chroot` only for root, and only where namespaces are refused. The choice is not part
            of any store path or cache key: changing it rebuilds nothing.
            """
        ),
    )
    debian_mirrors = StrListOption(
        help=softwrap(
            """
            Base URLs of Debian archives, which contain `pool/` and `dists/`, such as
            `["https://debian.example.com/debian"]`. Lading tries them before those in the
            machine's apt configuration. It checks every file by digest, so it does not matter
            which mirror serves it.
            """
        ),
    )
    upgrade = StrListOption(
        help=softwrap(
            """
            Debian packages to upgrade when `./pants generate-lockfiles` runs: names or patterns
            such as `libssl*`, or `*` for all. Other packages in a `debian_lock` keep their
            version unless a package that you add needs another one.
            """
        ),
    )
    allow_older_index = BoolOption(
        default=False,
        help=softwrap(
            """
            Whether `./pants generate-lockfiles` accepts a Debian index that is older than the one
            the lock was made with. An old index has a valid signature, but hides later security
            updates, so by default it is an error. Set this to go back on purpose, for example to
            a snapshot.
            """
        ),
    )
    container_engine = EnumOption(
        default=Engine.AUTO,
        help=softwrap(
            """
            What `./pants run` runs images in. `auto` uses docker if its daemon answers, and
            podman otherwise. `none` uses neither, like `./pants run --no-daemon`.
            """
        ),
    )
    container_options = StrListOption(
        help=softwrap(
            """
            Options that `./pants run` passes to `docker run` or `podman run`, such as
            `["--network=host"]`. The image's `exposed_ports` are published under the same
            numbers, unless an option sets the container's ports or network.
            """
        ),
    )
    compression = EnumOption(
        default=Method.GZIP,
        help=softwrap(
            """
            How to compress layers. `zstd` makes them a tenth smaller and is faster to compress
            and unpack, but docker before version 23 and some registries don't support it.
            """
        ),
    )
    compression_level = IntOption(
        default=None,
        help=softwrap(
            f"""
            The compression level: from 1, the fastest, to 12 for `gzip` or 19 for `zstd`, the
            smallest. Defaults to {LayerCompression.parse(Method.GZIP, None).level} for `gzip` and
            {LayerCompression.parse(Method.ZSTD, None).level} for `zstd`. A package is compressed
            only once, no matter how many images contain it.
            """
        ),
    )
    archives = EnumOption(
        default=Archives.PACKAGE,
        help=softwrap(
            """
            What `./pants package` does with the archive of an image, which has all its layers.

            `package`: the archive is part of the image's package. `./pants package` copies it to
            `dist/`, and other targets, such as an `archive` with the image among its `packages`,
            get it, too.

            `dist`: if `package` is the only goal, the archive is written straight into `dist/`,
            and only if it is not there yet. That takes a tenth of the time. Other targets can't
            get archives in such a run.

            `none`: there are only JSON files with digests, tags and store packages. That suffices
            if you only publish or run images.

            `publish` and `run` never write archives, and every `package` writes the JSON files. An
            archive from an earlier run is left as it is.
            """
        ),
    )
    registries = DictOption[str](
        help=softwrap(
            """
            Names for registries, which `registries` of images can use: with `{"prod":
            "registry.example:5000"}`, an image can write `@prod`. Each address is
            `host[:port][/prefix]`.
            """
        ),
    )
    default_registries = StrListOption(
        help=softwrap(
            """
            Where to publish images that don't set `registries`, in the same format, such as
            `["@prod"]`.
            """
        ),
    )
    base_images_lock = StrOption(
        default="3rdparty/base-images.lock.json",
        help=softwrap(
            """
            The file that pins each `base_image` without a digest of its own. `./pants
            generate-lockfiles --resolve=base-images` writes it; keep it in version control.
            """
        ),
    )
    refuse_stale_base_images = BoolOption(
        default=False,
        help=softwrap(
            """
            Whether it is an error if the tag of a `base_image` now names another image than the
            pinned one. Lading asks the registry in every run that uses the `base_image`.
            """
        ),
    )
    max_unpacked_size = StrOption(
        default=None,
        help=softwrap(
            """
            The maximum size of all layers of a `base_image` together when they are unpacked, such
            as `20 GB`. Defaults to a hundred times their compressed size, but at least 1 GiB. No
            usual image expands to more; one that does may be an attempt to fill your disk.
            """
        ),
    )
    registry_mirrors = DictOption[Any](
        help=softwrap(
            """
            Mirrors of image registries, which Lading tries before the registry itself:
            `{"docker.io": ["mirror.example:5000/hub"]}`. A value is one mirror or a list in the
            order to try them, each `[https://]host[:port][/prefix]`.

            A mirror never gets the credentials of the registry that it mirrors. Images are
            checked by digest, so it does not matter which mirror serves one.
            """
        ),
    )
    insecure_registries = StrListOption(
        help=softwrap(
            """
            Registries that may be reached over http, each `host` or `host:port`, such as
            `["registry.example:5000"]`. Registries on this machine always may.

            A registry on the internet may refer to these hosts, in a redirect for example, even
            if they are in a private network. It may not refer to any other host in one.
            """
        ),
    )

    def limit(self, value: Optional[int], option: str) -> int:
        """The `value` of a field, or else that of the option; it must be a number above 0."""
        if value is not None:
            return value
        number: int = self.options[option]
        if number < 1:
            raise TargetError(
                f"`[{self.options_scope}].{option}` is {number}, which can't be a limit: set it "
                "to a number above 0."
            )
        return number
