"""8. The most memory that anything takes."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

from base_image_costs import peak_memory, watched

from lading.image.programs.layer_request import PackagesLayerRequest
from lading.values.json_codec import to_json
from speed import ROOT
from speed.bench import Bench
from speed.generated import DataImage, DataPackage, build_file
from speed.section import Claim, Section
from speed.segments import Segments, make_segments
from speed.workspace import Workspace

_DIRECTORY = "speed/memory"
_IMAGE = f"//{_DIRECTORY}:image"
_PARTS, _GIGABYTES = 10, 5
_LIMIT_MEGABYTES = 500

_ABOUT = f"""\
An image of {_GIGABYTES} GB in {_PARTS} packages, and single programs with 1 GB. *Program* is the
most memory that one process used; *without mapped files* leaves out files that it has mapped, which
are in the page cache anyway: a build maps each file, here of 500 MB, to look for paths of its
directory. The kernel keeps the peak of the former. The latter is sampled every 0.1 s at most, so
shorter peaks are missed. *pantsd* is Pants' daemon after its start, which takes 600 MB for a
moment, with or without Lading. docker has no figure, because only its client could be measured."""


def run(bench: Bench) -> Section:
    work = bench.workspace
    work.repository.stop_pantsd()
    rows = list(_image_rows(work))
    work.repository.stop_pantsd()
    segments = make_segments(work.scratch("memory"), 20, 50_000_000)
    lines = [
        "| MB | program | without mapped files | pantsd |",
        "|---|---:|---:|---:|",
        *(f"| {name} | {' | '.join(f'{size:.0f}' for size in sizes)} |" for name, *sizes in rows),
        *(f"| {name} | {_peak(argv, segments):.0f} | | |" for name, argv in _programs(segments)),
    ]
    claims = [
        Claim(
            "a program of Lading's, without mapped files",
            max(row[2] for row in rows),
            _LIMIT_MEGABYTES,
            "MB",
        ),
        Claim("Pants' daemon", max(row[3] for row in rows), _LIMIT_MEGABYTES, "MB"),
    ]
    return Section(_ABOUT, (), claims, tuple(lines))


def _image_rows(work: Workspace) -> Iterator[Tuple[str, float, float, float]]:
    """Name, and megabytes: of the greatest program, without mapped files, of the daemon."""
    work.package("//images:redis")
    yield (
        "//images:redis, nothing changed",
        *_watched(work, partial(work.package, "//images:redis")),
    )
    fresh = os.urandom(4).hex()
    _write(work, fresh)
    yield (f"{_GIGABYTES} GB, built and compressed", *_watched(work, _without_archive(work)))
    yield (f"{_GIGABYTES} GB, archive", *_watched(work, partial(work.package, _IMAGE)))
    _write(work, fresh, "changed")
    yield (f"{_GIGABYTES} GB, a package changed", *_watched(work, _without_archive(work)))
    _write(work, fresh, "changed", "single")
    yield (f"{_GIGABYTES} GB, as a single layer", *_watched(work, _without_archive(work)))


def _without_archive(work: Workspace) -> Callable[[], None]:
    return partial(work.package_without_archives, _IMAGE)


def _write(work: Workspace, fresh: str, change: str = "", layering: str = "per-package") -> None:
    """With packages that were never built before but with the same `fresh`."""
    size = _GIGABYTES * 1_000_000 // _PARTS
    names = [f"part_{number}" for number in range(_PARTS)]
    packages = [DataPackage(name, size, fresh, 10) for name in names]
    packages.append(DataPackage("changing", 1_000, fresh + change))
    contents = [f":{name}" for name in (*names, "changing")]
    image = DataImage("image", contents, layering=layering)
    work.write(f"{_DIRECTORY}/BUILD", build_file(packages, [image]))


def _watched(work: Workspace, run_: Callable[[], None]) -> Tuple[float, float, float]:
    for file in work.repository.root.glob(".pids/*/pantsd/pid"):
        # Makes what it has now the peak (proc(5), /proc/pid/clear_refs).
        Path(f"/proc/{file.read_text()}/clear_refs").write_text("5")
    with watched(work.repository, work.directory / "sandboxes") as costs:
        run_()
    print(f"    {costs}", file=sys.stderr, flush=True)
    return costs.memory / 1e6, costs.own / 1e6, costs.daemon / 1e6


def _programs(segments: Segments) -> List[Tuple[str, Tuple[str, ...]]]:
    request = PackagesLayerRequest(segments.packages, "lading: 20 store packages")
    (segments.directory / "request.json").write_text(to_json(request))
    module = (sys.executable, "-B", "-m")
    first = segments.packages[0]
    tar = f"tar -C {segments.trees} -c ."
    return [
        (
            "Lading: a layer of 1 GB, of compressed packages",
            (
                *module,
                "lading.image.programs.packages_layer_main",
                "request.json",
                segments.compressor,
            )
            + ("blob", "layer.json"),
        ),
        (
            "Lading: compressing 50 MB",
            (*module, "lading.image.programs.compress_main", segments.compressor, first.segment)
            + (str(first.path), "blob", "layer.json"),
        ),
        (
            "Lading: scanning 1 GB",
            (sys.executable, "-B", "-c", _SCAN, str(segments.trees)),
        ),
        ("tar, gzip -6, 1 GB", ("sh", "-c", f"{tar} | gzip -6 > tar.gz")),
    ]


_SCAN = """
import sys
from pathlib import Path
from lading.store.references import scan_tree
from lading.values.json_codec import to_json
scan_tree(Path(sys.argv[1]), [f"{number:032}" for number in range(300)])
"""


def _peak(argv: Tuple[str, ...], segments: Segments) -> float:
    """Megabytes."""
    process = subprocess.Popen(
        argv, cwd=segments.directory, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    peak = peak_memory(process)
    assert process.returncode == 0, argv
    return peak / 1e6
