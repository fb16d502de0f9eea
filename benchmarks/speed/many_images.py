"""5. A monorepo of 300 images over 60 packages."""

from functools import partial
from pathlib import Path
from typing import Dict, List, Tuple

from speed.bench import Bench
from speed.contest import Change, Contestant, compete
from speed.generated import DataImage, DataPackage, build_file
from speed.peers import Builder, find_docker
from speed.section import Claim, Section
from speed.workspace import WITHOUT_ARCHIVES, Workspace

_PACKAGES, _IMAGES = "speed/many_images/packages", "speed/many_images/images"
_ALL = f"{_IMAGES}::"
_KILOBYTES = 100

#: How many packages there are of those that everything needs, and so on up to the leaves, which no
#: package needs. One needs two of the level below.
_LEVELS = (1, 9, 20, 30)
_IMAGE_COUNT = 300
_ROOT, _LEAF = "package_0_0", "package_3_0"
_DEPENDANTS = _IMAGE_COUNT // _LEVELS[-1]

#: docker builds one of ten images, as the rest would take as long again.
_DOCKER_IMAGES = 30

_ABOUT = f"""\
{_IMAGE_COUNT} images over {sum(_LEVELS)} packages of {_KILOBYTES} kB each. An image has one of the
{_LEVELS[-1]} leaves, which no other package needs, and the leaf's dependencies: seven other
packages. All packages need the root; if it changes, all are rebuilt. A leaf is in {_DEPENDANTS}
images. *docker build* has the packages in one context of 6 MB and makes {_DOCKER_IMAGES} images one
after the other; it builds no package. No archives, unless a row says so."""


def run(bench: Bench) -> Section:
    work = bench.workspace
    _write(work, {})
    work.write(f"{_IMAGES}/BUILD", _images())
    work.package_without_archives(_ALL)
    timings = compete(
        [
            Contestant("Lading, nothing changed", partial(work.package_without_archives, _ALL)),
            Contestant(
                "Lading, a leaf changed",
                partial(work.package_without_archives, _ALL),
                lambda change: _write(work, {_LEAF: change}),
            ),
            *_docker_builds(work),
        ],
        bench.repeats,
    )
    root = compete(
        [
            Contestant(
                "Lading, the root changed",
                partial(work.package_without_archives, _ALL),
                lambda change: _write(work, {_ROOT: change}),
            )
        ],
        bench.repeats,
        uncounted=0,
    )
    archives = compete(
        [Contestant("Lading with archives, nothing changed", partial(work.package, _ALL))],
        bench.repeats,
    )
    _write(work, {_LEAF: "the last"})
    run_ = work.repository.pants("--stats-log", WITHOUT_ARCHIVES, "package", _ALL)
    claims = [
        Claim("nothing changed", timings[0].median, 2, "s"),
        # The package is built and compressed, and the layer of links, which its images share, is
        # made. What each image has of its own, such as the manifest, takes no process.
        Claim("processes, a leaf changed", run_.processes, 3, "processes"),
    ]
    return Section(_ABOUT, [*timings, *root, *archives], claims)


def _write(work: Workspace, changes: Dict[str, Change]) -> None:
    packages = []
    below: List[str] = []
    for level, count in enumerate(_LEVELS):
        names = [f"package_{level}_{number}" for number in range(count)]
        for number, name in enumerate(names):
            needs = tuple(
                sorted({below[(2 * number + i) % len(below)] for i in (0, 1)} if below else ())
            )
            packages.append(DataPackage(name, _KILOBYTES, changes.get(name, ""), 20, needs))
        below = names
    work.write(f"{_PACKAGES}/BUILD", build_file(packages))


def _images() -> str:
    images = [
        DataImage(
            f"image_{number}", [f"//{_PACKAGES}:package_3_{number % _LEVELS[-1]}"], f"{number}"
        )
        for number in range(_IMAGE_COUNT)
    ]
    return "\n".join(map(str, images))


def _docker_builds(work: Workspace) -> List[Contestant]:
    """Nobody where there is no docker."""
    docker = find_docker(work.scratch("probe"))
    if docker is None:
        return []
    context = _docker_context(work.scratch("many_images"))
    build, count = partial(_build_all, docker, context), f"{_DOCKER_IMAGES} images"
    leaf = context / _LEAF / "data"
    return [
        Contestant(f"docker build, nothing changed, {count}", build),
        Contestant(f"docker build, a leaf changed, {count}", build, leaf.write_text),
    ]


def _docker_context(context: Path) -> Path:
    for level, count in enumerate(_LEVELS):
        for number in range(count):
            directory = context / f"package_{level}_{number}"
            directory.mkdir()
            (directory / "data").write_text(f"{number} " * 50 * _KILOBYTES)
    for number in range(_DOCKER_IMAGES):
        copies = [f"COPY {name} /{name}" for name in _closure(number)]
        text = "\n".join(("FROM scratch", *copies, f"LABEL change={number}", ""))
        (context / f"{number}.Dockerfile").write_text(text)
    return context


def _closure(number: int) -> Tuple[str, ...]:
    """The packages of an image, those that change least first."""
    names: List[str] = []
    numbers = {number}
    for level in (3, 2, 1, 0):
        names[:0] = [f"package_{level}_{index}" for index in sorted(numbers)]
        if level:
            count = _LEVELS[level - 1]
            numbers = {(2 * index + i) % count for index in numbers for i in (0, 1)}
    return tuple(names)


def _build_all(docker: Builder, context: Path) -> None:
    for number in range(_DOCKER_IMAGES):
        docker.image(context, "--file", str(context / f"{number}.Dockerfile"))
