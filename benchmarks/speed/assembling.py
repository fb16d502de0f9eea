"""6. Assembling 1 GB from warm segments."""

from pathlib import Path

from lading.image.programs.layer_request import PackagesLayerRequest
from lading.values.json_codec import to_json
from speed.bench import Bench
from speed.contest import Contestant, compete
from speed.program import run_program
from speed.section import Claim, Section
from speed.segments import Segments, make_segments
from speed.workspace import output

_COUNT, _SIZE = 20, 50_000_000

_ABOUT = """\
The program that Pants would run writes a layer of 1 GB of programs and libraries, from twenty
packages that are compressed already: with `single`, all are one layer. *tar, gzip -6* makes the
same layer from their files. *cat* writes the 1 GB of tar segments, or the compressed ones, into a
file."""


def run(bench: Bench) -> Section:
    scratch = bench.workspace.scratch("assembling")
    segments = make_segments(scratch, _COUNT, _SIZE)
    request = PackagesLayerRequest(segments.packages, "lading: 20 store packages")
    (scratch / "request.json").write_text(to_json(request))
    timings = compete(
        [
            Contestant("Lading", lambda: _assemble(segments)),
            Contestant("tar, gzip -6", lambda: _tar_and_gzip(segments, scratch / "tar.gz")),
            Contestant("cat, 1 GB", lambda: _cat(segments.files, scratch / "cat")),
            Contestant("cat, compressed", lambda: _cat(_blobs(segments), scratch / "cat")),
        ],
        bench.repeats,
    )
    medians = {timing.name: timing.median for timing in timings}
    claims = [
        Claim(
            "times faster than tar and gzip -6",
            medians["tar, gzip -6"] / medians["Lading"],
            10,
            at_least=True,
        ),
        Claim("as `cat` of 1 GB into a file", medians["Lading"] / medians["cat, 1 GB"], 3),
    ]
    return Section(_ABOUT, timings, claims)


def _assemble(segments: Segments) -> None:
    arguments = ("request.json", segments.compressor, "blob", "layer.json")
    run_program(segments.directory, "lading.image.programs.packages_layer_main", *arguments)


def _tar_and_gzip(segments: Segments, file: Path) -> None:
    output("sh", "-c", f"tar -C {segments.trees} -c . | gzip -6 > {file}")


def _blobs(segments: Segments) -> "list[Path]":
    return [segments.directory / package.blob for package in segments.packages]


def _cat(files: "list[Path]", file: Path) -> None:
    output("sh", "-c", 'file=$1; shift; cat "$@" > "$file"', "sh", str(file), *map(str, files))
