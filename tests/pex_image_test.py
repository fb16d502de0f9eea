"""What a `pex_binary` may have besides modules and wheels of an index is in its image, on the
Python of an image that was pulled, too."""

import json
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping

import image_archive
import pytest
from base_image_registry import BaseImages
from conftest import ContainerEngine
from loaded_image import Loader
from repository import Repository

DIRECTORY, LIBRARY = "tests/greeter", "tests/words"

PYTHON = "//images/debian:python"

# It is in images as a wheel.
LIBRARY_BUILD_FILE = """
PYTHONS = ["CPython>=3.9,<3.12"]
python_sources(name="sources", resolve="services", interpreter_constraints=PYTHONS)
python_distribution(
    name="wheel",
    dependencies=[":sources"],
    interpreter_constraints=PYTHONS,
    provides=python_artifact(name="words-of-greeter", version="1.5"),
    entry_points={"console_scripts": {"greet": "greeter.start:main"}},
    sdist=False,
)
"""

# Sources with a resource beside them, and a wheel whose extension module needs what CPython in the
# store has among its dependencies, but not for others.
BUILD_FILE = """
python_sources(name="sources", sources=["*.py"], resolve="services")
resources(name="texts", sources=["*.txt"])
PEX = dict(
    resolve="services",
    complete_platforms=["//3rdparty/python:debian12"],
    args=["--first"],
    env={{"GREETING": "inner", "OTHER": "inner"}},
)
pex_binary(
    name="module",
    entry_point="start.py",
    layout="loose",
    dependencies=[":texts", "//tests/words:wheel"],
    **PEX,
)
pex_binary(
    name="script",
    script="greet",
    layout="packed",
    dependencies=[":sources", ":texts", "//tests/words:wheel"],
    **PEX,
)
docker_image(name="on-store", pex=":module", python="//3rdparty/cpython")
docker_image(name="on-pulled", pex=":script", base=":python", python="/usr/bin/python3.11")

python_requirement(name="native", requirements=["native @ file://{wheel}"], resolve="services")
pex_binary(name="lacking", entry_point="native", dependencies=[":native"], **PEX)
docker_image(name="unlinked", pex=":lacking", python="//3rdparty/cpython")
"""

# A PEX for two Pythons has two versions of what any Python could import, each with a module of its
# own version that one Python can.
PYTHONS_BUILD_FILE = """
python_requirement(
    name="front",
    requirements=[
        "front @ file://{wheels}/front-1-py3-none-any.whl ; python_version < '3.11'",
        "front @ file://{wheels}/front-2-py3-none-any.whl ; python_version >= '3.11'",
        "core @ file://{wheels}/core-1-cp310-cp310-linux_x86_64.whl ; python_version < '3.11'",
        "core @ file://{wheels}/core-2-cp311-cp311-linux_x86_64.whl ; python_version >= '3.11'",
    ],
    resolve="services",
)
python_sources(name="sources", sources=["*.py"], resolve="services")
files(name="python310", sources=["python310.json"])
pex_binary(
    name="both",
    entry_point="versions.py",
    resolve="services",
    complete_platforms=["//3rdparty/python:debian12", ":python310"],
    dependencies=[":front"],
)
docker_image(name="versions", pex=":both", python="//3rdparty/cpython")
docker_image(name="on-312", pex=":both", base=":python", python="/usr/bin/python3.12")
"""

VERSIONS = """
import importlib.metadata
print(importlib.metadata.version("front"), importlib.metadata.version("core"))
"""

START = """
import importlib.metadata, importlib.resources, json, os, sys
from words import NAME

def main():
    text = importlib.resources.read_text("greeter", "text.txt")
    version = importlib.metadata.version("words-of-greeter")
    variables = [os.environ["GREETING"], os.environ["OTHER"]]
    print(json.dumps([NAME, text, version, sys.argv[1:], *variables]))

if __name__ == "__main__":
    main()
"""

FILES = {
    f"{DIRECTORY}/__init__.py": "",
    f"{DIRECTORY}/start.py": START,
    f"{DIRECTORY}/text.txt": "a text",
    f"{LIBRARY}/__init__.py": "NAME = 'greeter'\n",
}


def native_wheel(directory: Path) -> Path:
    from lading.store.elf_testing import NEEDED, make_elf  # which needs src on the path

    path = directory / "native-1.0-cp311-cp311-linux_x86_64.whl"
    files: Mapping[str, bytes] = {
        "native/module.so": make_elf(strings=[(NEEDED, "libc.so.6"), (NEEDED, "libssl.so.3")]),
        "native-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: native\nVersion: 1.0\n",
        "native-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n",
        "native-1.0.dist-info/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return path


def pure_wheel(directory: Path, name: str, version: str, tag: str, *requires: str) -> None:
    information = f"{name}-{version}.dist-info"
    required = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}"
    with zipfile.ZipFile(directory / f"{name}-{version}-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{information}/METADATA", metadata)
        wheel.writestr(f"{information}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        wheel.writestr(f"{information}/RECORD", "")


@contextmanager
def declared(repository: Repository, build_file: str) -> Iterator[Path]:
    library = repository.declared(LIBRARY, LIBRARY_BUILD_FILE)
    with library, repository.declared(DIRECTORY, build_file):
        for path, text in FILES.items():
            (repository.root / path).write_text(text)
        yield repository.root / "dist" / DIRECTORY.replace("/", ".")


@pytest.fixture(scope="module")
def base(repository: Repository, base_images: BaseImages) -> str:
    """A target `python`, a Debian 12 with Python."""
    repository.pants("package", PYTHON)
    base_images.push_archive("python", repository.root / "dist/images.debian/python.tar")
    return base_images.target("python")


def test_an_image_has_all_that_the_pex_has(
    repository: Repository, base: str, docker: ContainerEngine, tmp_path: Path
) -> None:
    build_file = BUILD_FILE.format(wheel=native_wheel(tmp_path)) + base
    with declared(repository, build_file) as dist:
        repository.pants("package", f"{DIRECTORY}:on-store", f"{DIRECTORY}:on-pulled")
        load = Loader(docker, dist)
        try:
            for name in ("on-store", "on-pulled"):
                run = ("--rm", "--read-only", "--env=GREETING=outer", load(name).id, "second")
                assert json.loads(docker.run(*run)) == [
                    *("greeter", "a text", "1.5", ["--first", "second"], "outer", "inner")
                ]
        finally:
            load.remove()
        files = image_archive.root_file_system(dist / "on-pulled.tar")
        error = repository.failing_pants("package", f"{DIRECTORY}:unlinked")
    # Compiled by the Python of the base; the library's sources are in the wheel alone.
    assert "app/site-packages/words/__pycache__/__init__.cpython-311.pyc" in files
    assert "app/greeter/__pycache__/start.cpython-311.pyc" in files
    assert "app/words/__init__.py" not in files
    assert (
        f"`docker_image` {DIRECTORY}:unlinked: `pex` needs libraries that are not in the image: "
        "libssl.so.3 (by /app/site-packages/native/module.so). Add the package that has them to "
        "`dependencies` of 3rdparty/cpython:cpython, with links to them in its `lib`."
    ) in error


def test_an_image_has_what_the_pex_activates_for_its_python(
    repository: Repository, base: str, docker: ContainerEngine, tmp_path: Path
) -> None:
    pure_wheel(tmp_path, "front", "1", "py3-none-any", "core==1")
    pure_wheel(tmp_path, "front", "2", "py3-none-any", "core==2")
    pure_wheel(tmp_path, "core", "1", "cp310-cp310-linux_x86_64")
    pure_wheel(tmp_path, "core", "2", "cp311-cp311-linux_x86_64")
    build_file = PYTHONS_BUILD_FILE.format(wheels=tmp_path) + base
    with repository.declared(DIRECTORY, build_file):
        place = repository.root / DIRECTORY
        (place / "versions.py").write_text(VERSIONS)
        debian12 = (repository.root / "3rdparty/python/debian12.json").read_text()
        python310 = debian12.replace("311", "310").replace("3.11", "3.10")
        (place / "python310.json").write_text(python310)
        repository.pants("package", f"{DIRECTORY}:versions")
        load = Loader(docker, repository.root / "dist" / DIRECTORY.replace("/", "."))
        try:
            assert docker.run("--rm", load("versions").id) == "2 2\n"
        finally:
            load.remove()
        error = repository.failing_pants("package", f"{DIRECTORY}:on-312")
    assert (
        f"`docker_image` {DIRECTORY}:on-312: `pex` does not run on CPython 3.12 for Linux on "
        "x86_64, which is what the image has: it has no wheel of core, but for "
        "cp310-cp310-linux_x86_64 and cp311-cp311-linux_x86_64. Add that Python to "
    ) in error
