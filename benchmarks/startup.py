"""How long a service takes to start in its image, next to the same one in a virtual environment.

    python3 benchmarks/startup.py

The virtual environment is made in a container of the same image, by the image's Python: with the
same packages and sources, compiled as pip compiles them. Prints medians in milliseconds and their
ratio, of whole containers by docker and of the program alone, started again and again in one
container. The two take turns, and turns at being first. The service ends where it would begin to
wait, as its port is taken.
"""

import json
import socket
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

ROOT = Path(__file__).resolve().parent.parent

IMAGES = ("guestbook", "guestbook-on-debian")
CONTAINERS, STARTS = 30, 200

_IN_USE = b"Address already in use"

# Runs in the image, as root: the service's user can't write there.
_MAKE_VENV = """
import compileall, shutil, sys, venv
venv.create("/venv", symlinks=True)
site = f"/venv/lib/python3.{sys.version_info.minor}/site-packages"
for source, besides in ("/app/site-packages", ()), ("/app", ("site-packages", "__main__.py")):
    left_out = shutil.ignore_patterns("__pycache__", *besides)
    shutil.copytree(source, site, ignore=left_out, dirs_exist_ok=True)
compileall.compile_dir("/venv/lib", quiet=2)
"""

_VENV_COMMAND = ("/venv/bin/python", "-c", "from guestbook.server import main; main()")

# Runs in the image.
_START_BY_TURNS = """
import json, subprocess, sys, time
commands, starts, expected = json.loads(sys.argv[1])
taken = {name: [] for name in commands}
for turn in range(starts):
    for name, command in sorted(commands.items(), reverse=turn % 2):
        begin = time.perf_counter()
        ended = subprocess.run(command, stderr=subprocess.PIPE)
        taken[name].append(time.perf_counter() - begin)
        assert expected in ended.stderr.decode(), ended
print(json.dumps(taken))
"""


def main() -> None:
    addresses = [f"//images/services:{name}" for name in IMAGES]
    subprocess.run(["./pants", "package", *addresses], cwd=ROOT, check=True)
    with closing(socket.create_server(("", 0))) as server:
        port = server.getsockname()[1]
        for name in IMAGES:
            for what, taken in _measure(name, port):
                print(_row(f"{name}, {what}", taken))


def _row(what: str, taken: Dict[str, List[float]]) -> str:
    image, venv = (1000 * statistics.median(taken[name]) for name in ("image", "venv"))
    return f"{what}: {image:.1f} ms, in a virtual environment {venv:.1f} ms: {image / venv:.2f}"


def _measure(name: str, port: int) -> Iterator[Tuple[str, Dict[str, List[float]]]]:
    dist = ROOT / "dist/images.services"
    _docker("load", "--quiet", "--input", str(dist / f"{name}.tar"))
    image = json.loads((dist / f"{name}.json").read_text())["image"]["id"]
    entrypoint = json.loads(_docker("inspect", "--format={{json .Config.Entrypoint}}", image))
    python = entrypoint[0]
    maker = _docker("create", "--user=0", f"--entrypoint={python}", image, "-c", _MAKE_VENV)
    _docker("start", "--attach", maker)
    config = f"ENTRYPOINT {json.dumps(_VENV_COMMAND)}"
    venv = _docker("commit", "--change", "USER 1000", "--change", config, maker)
    options = ("run", "--rm", "--network=host", f"--env=PORT={port}")
    try:
        yield "container", _containers(options, {"image": image, "venv": venv})
        commands = {"image": entrypoint, "venv": _VENV_COMMAND}
        request = json.dumps([commands, STARTS, _IN_USE.decode()])
        arguments = (f"--entrypoint={python}", venv, "-c", _START_BY_TURNS, request)
        yield "program", json.loads(_docker(*options, *arguments))
    finally:
        _docker("rm", "--force", maker)
        _docker("image", "rm", "--force", venv)


def _containers(options: Tuple[str, ...], images: Dict[str, str]) -> Dict[str, List[float]]:
    taken: Dict[str, List[float]] = {name: [] for name in images}
    for turn in range(CONTAINERS):
        for name, image in sorted(images.items(), reverse=turn % 2 == 1):
            begin = time.perf_counter()
            ended = subprocess.run(["docker", *options, image], stderr=subprocess.PIPE, check=False)
            taken[name].append(time.perf_counter() - begin)
            assert _IN_USE in ended.stderr, ended.stderr
    return taken


def _docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
