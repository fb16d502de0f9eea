"""2. One line of an entrypoint changed."""

from functools import partial

from speed.bench import Bench
from speed.contest import Change, Contestant, compete
from speed.context import context_of
from speed.peers import peers, umoci_inserts
from speed.section import Section, compared
from speed.workspace import Workspace, output

_IMAGE, _FILE = "//images:redis", "images/BUILD"
_LINE = "        set -e\n"

_ABOUT = """\
One line of the entrypoint of `//images:redis` changed, a shell script in 11 MB of files, and an
archive is written. For the other tools the entrypoint is the last layer. umoci adds a layer with
the file to an OCI layout, and tar makes an archive of it."""


def run(bench: Bench) -> Section:
    work = bench.workspace
    work.package(_IMAGE)
    scratch = work.scratch("entrypoint_changed")
    archive = work.archive(_IMAGE)
    context = context_of(archive, scratch / "context", "redis-entrypoint.sh")
    tar = f"tar -C {context.directory} -c . | gzip -6 > {scratch}/tgz"
    before = (work.repository.root / _FILE).read_text()
    with peers(work.scratch("probe")) as others:
        timings = compete(
            [
                Contestant("Lading", lambda: work.package(_IMAGE), partial(_change, work, before)),
                *others.builds_and_saves("11 MB", context, scratch / "saved.tar"),
                *umoci_inserts("umoci insert + tar", archive, context, scratch),
                Contestant(
                    "tar of all files, gzip -6", lambda: output("sh", "-c", tar), context.change
                ),
            ],
            bench.repeats,
        )
        without = compete(
            [
                Contestant(
                    "Lading without archive",
                    lambda: work.package_without_archives(_IMAGE),
                    partial(_change, work, before),
                )
            ],
            bench.repeats,
        )
    work.write(_FILE, before)
    docker = "docker build + save, 11 MB"
    claims = compared("as `docker build` and `docker save`", "Lading", docker, 1, timings)
    return Section(_ABOUT, [*timings, *without], claims)


def _change(work: Workspace, before: str, change: Change) -> None:
    assert before.count(_LINE) == 1, f"{_FILE} has not one {_LINE!r}"
    work.write(_FILE, before.replace(_LINE, f"{_LINE}        # {change}\n"))
