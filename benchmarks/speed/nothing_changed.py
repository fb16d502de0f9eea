"""1. Nothing changed since the last time."""

from dataclasses import replace
from functools import partial

from speed.bench import Bench
from speed.contest import Contestant, compete
from speed.context import context_of
from speed.generated import DataImage, DataPackage, build_file
from speed.peers import peers
from speed.section import Section, compared

_SMALL, _LARGE = "//images:redis-server", "//speed/nothing_changed:large"
_PARTS = 10

_ABOUT = """\
Nothing changed. The small image is `//images:redis-server`, 6 MB unpacked; the large one has 500 MB
that can't be compressed, in ten packages. The other programs have the same files as context, with a
`COPY` a layer, and all layers in their caches. Pants itself takes the longer the more backends
there are: this repository has six, that of docs/tutorial.md two."""

_TUTORIAL = {
    "PANTS_BACKEND_PACKAGES": '["pants.backend.python", "lading_pants"]',
    # For what pants.toml says of the others.
    "PANTS_VERIFY_CONFIG": "false",
}


def run(bench: Bench) -> Section:
    work = bench.workspace
    names = [f"part_{number}" for number in range(_PARTS)]
    packages = [DataPackage(name, 500_000 // _PARTS) for name in names]
    large_image = DataImage("large", [f":{name}" for name in names])
    work.write("speed/nothing_changed/BUILD", build_file(packages, [large_image]))
    work.package(_SMALL, _LARGE)
    scratch = work.scratch("nothing_changed")
    small = context_of(work.archive(_SMALL), scratch / "small", "bin/redis-server")
    large = context_of(work.archive(_LARGE), scratch / "large", "share/part_0")
    with peers(work.scratch("probe")) as others:
        small_builds = others.builds("6 MB", small)
        large_builds = others.builds("500 MB", large)
        timings = compete(
            [
                Contestant("Lading, 6 MB", lambda: work.package(_SMALL)),
                *small_builds,
                Contestant("Lading, 500 MB", lambda: work.package(_LARGE)),
                *large_builds,
            ],
            bench.repeats,
        )
        # In turns of their own: Pants starts over in part where its options change.
        without = compete(
            [
                Contestant(
                    f"Lading without archives, {size}",
                    partial(work.package_without_archives, target),
                )
                for size, target in (("6 MB", _SMALL), ("500 MB", _LARGE))
            ],
            bench.repeats,
        )
        alone = compete(
            [
                Contestant(
                    "Pants alone, `./pants list` of an image",
                    partial(work.pants, "list", _SMALL),
                )
            ],
            bench.repeats,
        )
        repository = replace(work.repository, environ={**work.repository.environ, **_TUTORIAL})
        fewer = compete(
            [
                Contestant(
                    "Lading with the tutorial's backends, 6 MB",
                    partial(repository.pants, "package", _SMALL),
                ),
                *small_builds[:1],
            ],
            bench.repeats,
        )
    every = [*timings, *without, *alone, fewer[0]]
    tutorial, docker = fewer[0].name, "docker build, 6 MB"
    large_docker = "docker build, 500 MB"
    claims = (
        *compared("6 MB, as `docker build`", "Lading, 6 MB", docker, 1, every),
        *compared("6 MB, tutorial's backends, as `docker build`", tutorial, docker, 1, fewer),
        *compared("500 MB, as `docker build`", "Lading, 500 MB", large_docker, 0.1, every),
        *compared(
            "500 MB without an archive, as `docker build`",
            "Lading without archives, 500 MB",
            large_docker,
            0.1,
            every,
        ),
    )
    return Section(_ABOUT, every, claims)
