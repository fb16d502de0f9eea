import os
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Tuple

import pytest

from lading.python.app import Main, check_sources, console_script, main_source
from lading.values.errors import LadingError


def started(tmp_path: Path, main: Main, has_path_files: bool = False, *args: str) -> str:
    """The output of the service, started from /app with packages beside it."""
    app, packages = tmp_path / "app", tmp_path / "packages"
    (app / "service").mkdir(parents=True)
    packages.mkdir()
    (app / "service" / "__init__.py").write_text("")
    (app / "service" / "main.py").write_text(
        "import os, sys, package\n"
        "class C:\n"
        "    @staticmethod\n"
        "    def run():\n"
        "        return f'{sys.argv[1:]} {os.environ.get(\"X\")} {package.NAME} {sys.path[0]}'\n"
        "if __name__ == '__main__':\n"
        "    print('module', sys.argv[1:])\n"
    )
    others = tmp_path / "dist-packages"
    others.mkdir()
    (others / "package.py").write_text("NAME = 'of another version'\n")
    (packages / "package.py").write_text("NAME = 'package'\n")
    (packages / "more").mkdir()
    (packages / "more.pth").write_text("more\n")
    text = main_source(main, str(app), str(packages), has_path_files)
    (app / "__main__.py").write_text(text)
    finished = subprocess.run(
        [sys.executable, str(app / "__main__.py"), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={"PYTHONPATH": str(others), **({"X": "outer"} if "outer" in args else {})},
        cwd=os.sep,
    )
    return finished.stdout.strip()


def test_a_function_runs_with_the_sources_first_on_the_path(tmp_path: Path) -> None:
    main = Main("service.main", "C.run")
    assert started(tmp_path, main, False, "a") == f"['a'] None package {tmp_path}/app"


def printed_alone(tmp_path: Path, source: str, *options: str) -> str:
    """The output of a service with one module that has a function `run`, and the argument `a`."""
    (tmp_path / "service.py").write_text(source)
    text = main_source(Main("service", "run"), str(tmp_path), "/nowhere", False)
    (tmp_path / "__main__.py").write_text(text)
    command = [sys.executable, *options, str(tmp_path / "__main__.py"), "a"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_children_of_multiprocessing_don_t_start_it_again(tmp_path: Path) -> None:
    """They run the main module's file under another name."""
    source = (
        "import multiprocessing\n"
        "def run():\n"
        "    print('started', flush=True)\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(abs, [-1]))\n"
    )
    assert printed_alone(tmp_path, source).split() == ["started", "[1]"]


@pytest.mark.parametrize("options", [(), ("-I",)])
def test_its_name_and_its_first_path_are_its_directory(
    tmp_path: Path, options: Tuple[str, ...]
) -> None:
    """Python can run the directory as well, so a program can restart itself through `sys.argv`."""
    source = "import sys\ndef run():\n    print(sys.argv, sys.path[0])\n"
    assert printed_alone(tmp_path, source, *options) == f"{[str(tmp_path), 'a']} {tmp_path}\n"


def test_a_module_runs_as_main(tmp_path: Path) -> None:
    assert started(tmp_path, Main("service.main"), False, "a") == "module ['a']"


def test_arguments_come_before_those_of_the_command_line(tmp_path: Path) -> None:
    main = Main("service.main", "C.run", ("--x",), (("X", "inner"),))
    assert started(tmp_path, main, False, "a").startswith("['--x', 'a'] inner ")


def test_the_container_s_environment_wins(tmp_path: Path) -> None:
    main = Main("service.main", "C.run", env=(("X", "inner"),))
    assert started(tmp_path, main, False, "outer").startswith("['outer'] outer ")


@pytest.mark.parametrize("has_path_files", [False, True])
def test_what_python_has_itself_comes_behind(tmp_path: Path, has_path_files: bool) -> None:
    """The base image's package, or Debian's, may be older than the wheel."""
    main = Main("service.main", "C.run")
    assert " package " in started(tmp_path, main, has_path_files)


def test_path_files_are_read_where_there_are_any(tmp_path: Path) -> None:
    text = main_source(Main("a", "b"), "/app", "/app/site-packages", True)
    assert "site.addsitedir('/app/site-packages')" in text
    assert started(tmp_path, Main("service.main", "C.run"), True).startswith("[] None package")


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("a.b:c", Main("a.b", "c")),
        ("a.b", Main("a.b")),
        ("a.b : C.d", Main("a.b", "C.d")),
    ],
)
def test_entry_points(text: str, main: Main) -> None:
    assert Main.parse(text) == main


@pytest.mark.parametrize(("scripts", "known"), [({}, "none"), ({"b": "x:y", "a": "x:y"}, "a, b")])
def test_an_unknown_script_is_told_with_those_that_there_are(
    scripts: Mapping[str, str], known: str
) -> None:
    with pytest.raises(LadingError) as caught:
        console_script("gunicorn", scripts)
    assert str(caught.value) == (
        f"`pex` has the `script` 'gunicorn', which none of its wheels has; they have {known}. "
        "Correct it, or add the requirement that has it."
    )
    assert console_script("c", {"c": "m:f"}) == Main("m", "f")


def test_the_file_that_starts_it_is_not_a_source_s() -> None:
    check_sources(("a/__main__.py",))
    with pytest.raises(LadingError, match="`pex` has a source __main__.py at a source root"):
        check_sources(("__main__.py",))
