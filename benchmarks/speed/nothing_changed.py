"""1. Nothing changed since the last time."""

from dataclasses import replace
from functools import partial
from typing import Iterable, List, Sequence, Tuple

from repository import Repository

from speed.bench import Bench
from speed.contest import Contestant, Timing, compete
from speed.context import Context, context_of
from speed.generated import DataImage, DataPackage, build_file
from speed.peers import peers
from speed.section import Claim, Section, compared
from speed.workspace import Workspace

_SMALL, _LARGE = "//images:redis-server", "//speed/nothing_changed:large"
_PARTS = 10

_WITHOUT_SMALL = "Lading without archives, 6 MB"
_WITHOUT_LARGE = "Lading without archives, 500 MB"
_ALONE = "Pants alone, `./pants list` of an image"
_FEWER = "Lading with the tutorial's backends, 6 MB"

_ABOUT = """\
Nothing changed. The small image is `//images:redis-server`, 6 MB unpacked. The large one has 500 MB
that can't be compressed, in ten packages. The other tools have the same files as context, one
`COPY` per layer, and all layers in their caches. Pants itself takes longer the more backends are
enabled: this repository has six, the one in docs/tutorial.md two. *Again* is docker taking turns
with the rows above it, for the claim that compares them."""

_TUTORIAL = {
    "PANTS_BACKEND_PACKAGES": '["pants.backend.python", "lading_pants"]',
    # For what pants.toml says of the others.
    "PANTS_VERIFY_CONFIG": "false",
}


def run(bench: Bench) -> Section:
    work = bench.workspace
    small, large = _contexts(work)
    with peers(work.scratch("probe")) as others:
        small_builds = others.builds("6 MB", small)
        large_builds = others.builds("500 MB", large)
        # Lading's contests are several: Pants starts over in part where its options change.
        contests = (
            [
                Contestant("Lading, 6 MB", partial(work.package, _SMALL)),
                *small_builds,
                Contestant("Lading, 500 MB", partial(work.package, _LARGE)),
                *large_builds,
            ],
            [
                Contestant(_WITHOUT_SMALL, partial(work.package_without_archives, _SMALL)),
                Contestant(_WITHOUT_LARGE, partial(work.package_without_archives, _LARGE)),
                *_again(large_builds),
            ],
            [Contestant(_ALONE, partial(work.pants, "list", _SMALL))],
            [
                Contestant(_FEWER, partial(_with_fewer(work).pants, "package", _SMALL)),
                *_again(small_builds),
            ],
        )
        timings = [timing for one in contests for timing in compete(one, bench.repeats)]
    return Section(_ABOUT, timings, _claims(timings))


def _contexts(work: Workspace) -> Tuple[Context, Context]:
    """Of the small image and of the large one, which are built."""
    names = [f"part_{number}" for number in range(_PARTS)]
    packages = [DataPackage(name, 500_000 // _PARTS) for name in names]
    large_image = DataImage("large", [f":{name}" for name in names])
    work.write("speed/nothing_changed/BUILD", build_file(packages, [large_image]))
    work.package(_SMALL, _LARGE)
    scratch = work.scratch("nothing_changed")
    return (
        context_of(work.archive(_SMALL), scratch / "small", "bin/redis-server"),
        context_of(work.archive(_LARGE), scratch / "large", "share/part_0"),
    )


def _with_fewer(work: Workspace) -> Repository:
    return replace(work.repository, environ={**work.repository.environ, **_TUTORIAL})


def _again(builds: Iterable[Contestant]) -> List[Contestant]:
    """docker's, by another name, to be compared with what is in another contest."""
    return [
        replace(build, name=f"{build.name}, again")
        for build in builds
        if build.name.startswith("docker build,")
    ]


def _claims(timings: Sequence[Timing]) -> Sequence[Claim]:
    small, large = "docker build, 6 MB", "docker build, 500 MB"
    return (
        *compared("6 MB, as `docker build`", "Lading, 6 MB", small, 1, timings),
        *compared(
            "6 MB, tutorial's backends, as `docker build`", _FEWER, f"{small}, again", 1, timings
        ),
        *compared("500 MB, as `docker build`", "Lading, 500 MB", large, 0.1, timings),
        *compared(
            "500 MB without an archive, as `docker build`",
            _WITHOUT_LARGE,
            f"{large}, again",
            0.1,
            timings,
        ),
    )
