"""Mistakes in BUILD files and build scripts, each with the sentence that it gives.

The sentence names target and field, says what was found and what to do. dist/ stays as it is.
"""

import re
from pathlib import Path
from typing import Iterator, Sequence

import pytest
from repository import Repository

BUILD = """
def package(name, script, **fields):
    store_package(name=name, version="1", script=script, **fields)


# Addresses

package("unknown-dependency", "true", dependencies=["//3rdparty/redi"])

package("first", "true", dependencies=[":second"])
package("second", "true", dependencies=[":first"])

docker_image(name="unknown-package", contents=["//3rdparty/redi"])

docker_image(name="unknown-program", cmd=["{//3rdparty/redi}/bin/redis-server"])

# Fetching

fetch_url(name="wrong-hash-source", url="file:/etc/hosts", sha256="0" * 64)
package("wrong-hash", "cp * $out", source=":wrong-hash-source")

fetch_url(name="missing-hash", url="file:/etc/hosts")

# Scripts

package("failing", "echo before; echo why >&2; false")
package("empty", "true")
package("neighbour", "mkdir $out/share /store/other")
package("device", "mknod $out/null c 1 3")
package("fifo", "mkfifo $out/pipe")
package("socket", \"\"\"
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("'$out'/socket")'
\"\"\")

# What would not work in an image

package("build-directory", "echo $src/main.c > $out/notes")
package("shebang", \"\"\"
    echo '#!/usr/bin/python3' > $out/program
    chmod +x $out/program
\"\"\")
package("library", \"\"\"
    mkdir $out/bin
    echo 'int f(void) { return 0; }' > f.c
    echo 'int f(void); int main(void) { return f(); }' > main.c
    gcc -shared -o libf.so f.c
    gcc -o $out/bin/program main.c libf.so
\"\"\", dependencies=["//3rdparty/glibc"])
package("loader", \"\"\"
    echo 'int main(void) { return 0; }' > main.c
    gcc -o $out/program main.c
\"\"\")
package("link", "ln -s /usr/bin/make $out/make")
package("references", "echo $glibc > $out/notes",
    dependencies=["//3rdparty/glibc"], allowed_references=[])

# Images

docker_image(name="ports", exposed_ports=["http"])
docker_image(name="command", cmd="redis-server --port 1")
docker_image(name="repository", repository="Redis")
docker_image(name="tag", image_tags=["7.0 15"])

package("one", "mkdir $out/etc; echo 1 > $out/etc/motd")
package("other", "mkdir $out/etc; echo 2 > $out/etc/motd")
docker_image(name="conflict", contents=[":one", ":other"])
"""


@pytest.fixture(scope="module")
def mistaken(repository: Repository) -> Iterator[Repository]:
    build = repository.root / "bad/BUILD"
    build.parent.mkdir()
    build.write_text(BUILD)
    yield repository
    build.unlink()
    build.parent.rmdir()


@pytest.mark.parametrize(
    "target, said",
    [
        (
            "unknown-dependency",
            [
                "`store_package` bad:unknown-dependency: `dependencies` refers to //3rdparty/redi, "
                "which does not exist. Did you mean //3rdparty/redis?"
            ],
        ),
        (
            "first",
            [
                "`store_package` bad:first: `dependencies` form a cycle: bad:first -> bad:second "
                "-> bad:first.",
                "remove one",
            ],
        ),
        (
            "unknown-package",
            [
                "`docker_image` bad:unknown-package: `contents` refers to //3rdparty/redi, which "
                "does not exist. Did you mean //3rdparty/redis?"
            ],
        ),
        ("unknown-program", ["`docker_image` bad:unknown-program: `cmd`", "//3rdparty/redis?"]),
        (
            "wrong-hash",
            [
                "`fetch_url` bad:wrong-hash-source: ",
                "file:/etc/hosts",
                "instead of " + "0" * 64,
                "pin its new digest",
            ],
        ),
        ("missing-hash", ["bad:missing-hash", "sha256"]),
        ("empty", ["`script` wrote nothing to $out", "`make install PREFIX=$out`"]),
        ("neighbour", ["`script` wrote /store/other", "only place", "$out"]),
        ("device", ["`script` failed (status 1)", "Operation not permitted"]),
        ("fifo", ["'pipe' is a pipe", "remove it in `script`"]),
        ("socket", ["'socket' is a socket", "remove it in `script`"]),
        ("build-directory", ["'notes' contains /build/source/main.c", "gone", "remove the path"]),
        ("shebang", ["'program'", "'#!/usr/bin/python3'", "bin/python3 to `dependencies`"]),
        ("library", ["'bin/program' needs the library libf.so", "to `dependencies`"]),
        ("loader", ["'program' is started by /lib", "ld-linux", "to `dependencies`"]),
        ("link", ["'make' links to /usr/bin/make, outside the store", "remove it in `script`"]),
        ("references", ["`allowed_references`", "glibc-2.36", "'notes'", "remove the reference"]),
        ("ports", ["`exposed_ports`", "'http'"]),
        ("command", ["`cmd`", "string", '`cmd=["redis-server", "--port", "1"]`']),
        ("repository", ["`repository`", "'Redis'"]),
        ("tag", ["`image_tags`", "'7.0 15'"]),
        ("conflict", ["`contents`", "etc/motd", "one-1", "other-1"]),
    ],
)
def test_sentence(mistaken: Repository, target: str, said: Sequence[str]) -> None:
    printed = mistaken.failing_pants("package", f"bad:{target}")
    for part in (f"bad:{target}", *said):
        assert part in printed
    assert "Traceback" not in printed


def test_failing_script_shows_the_end_of_the_log_and_where_it_is(mistaken: Repository) -> None:
    printed = mistaken.failing_pants("package", "bad:failing")
    sentence = re.search(
        r"`store_package` bad:failing: `script` failed \(status 1\)\. The whole log is in "
        r"(\S+); its last lines:\n  before\n  why\n",
        printed,
    )
    assert sentence, printed
    assert Path(sentence[1]).read_text() == "before\nwhy\n"
