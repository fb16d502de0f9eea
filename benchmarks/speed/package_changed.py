"""3. One package of a closure of 500 MB changed."""

from functools import partial
from typing import List

from speed.bench import Bench
from speed.contest import Change, Contestant, Timing, compete
from speed.context import context_of
from speed.generated import DataImage, DataPackage, build_file
from speed.peers import peers, umoci_inserts
from speed.section import Claim, Section, compared
from speed.workspace import Workspace, output

_DIRECTORY = "speed/package_changed"
_SMALL, _LARGE = f"//{_DIRECTORY}:small", f"//{_DIRECTORY}:large"
_WITHOUT_SMALL, _WITHOUT_LARGE = "Lading without archive, 5 MB", "Lading without archive, 500 MB"
_PARTS = [f"part_{number}" for number in range(10)]

_ABOUT = """\
One package of 1 MB changed and is rebuilt, in an image with 4 MB of other packages and in one with
500 MB that can't be compressed. For the other tools a file of 1 MB changed, in the last layer; they
build nothing. *cp* copies Lading's archive of the large image within its directory."""


def run(bench: Bench) -> Section:
    work = bench.workspace
    _write(work, "")
    work.package_without_archives(_SMALL)
    work.package(_LARGE)
    scratch = work.scratch("package_changed")
    archive = work.archive(_LARGE)
    context = context_of(archive, scratch / "context", "share/changing")
    change = partial(_write, work)
    with peers(work.scratch("probe")) as others:
        without = compete(
            [
                Contestant(name, partial(work.package_without_archives, target), change)
                for name, target in ((_WITHOUT_SMALL, _SMALL), (_WITHOUT_LARGE, _LARGE))
            ],
            bench.repeats,
        )
        timings = compete(
            [
                Contestant("Lading, 500 MB", lambda: work.package(_LARGE), change),
                Contestant("cp, 500 MB", lambda: output("cp", str(archive), f"{scratch}/copy")),
                *others.builds_and_saves("500 MB", context, scratch / "saved.tar"),
                *umoci_inserts("umoci insert + tar, 500 MB", archive, context, scratch),
            ],
            bench.repeats,
        )
    return Section(_ABOUT, [*without, *timings], _claims([*without, *timings]))


def _claims(timings: List[Timing]) -> List[Claim]:
    medians = {timing.name: timing.median for timing in timings}
    written = medians["Lading, 500 MB"] - medians[_WITHOUT_LARGE]
    return [
        *compared("without archive, 500 MB as 5 MB", _WITHOUT_LARGE, _WITHOUT_SMALL, 1.5, timings),
        Claim("what the archive adds, as `cp`", written / medians["cp, 500 MB"], 3),
        *compared(
            "with archive, as `docker build` and `docker save`",
            "Lading, 500 MB",
            "docker build + save, 500 MB",
            1,
            timings,
        ),
    ]


def _write(work: Workspace, change: Change) -> None:
    packages = [
        DataPackage("changing", 1_000, change),
        DataPackage("little", 4_000),
        *(DataPackage(name, 50_000) for name in _PARTS),
    ]
    images = [
        DataImage("small", [":changing", ":little"]),
        DataImage("large", [":changing", *(f":{name}" for name in _PARTS)]),
    ]
    work.write(f"{_DIRECTORY}/BUILD", build_file(packages, images))
