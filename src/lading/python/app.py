"""A service's own sources, and the file with which Python starts it.

/app comes first on the path. Installed packages come after Python's own modules, as in a virtual
environment, and before packages that Python itself has, which may have other versions.
"""

from dataclasses import dataclass
from typing import Collection, Mapping, Tuple

from lading.values.errors import LadingError

#: `python DIRECTORY` runs this file too, but takes some milliseconds longer to start.
MAIN_FILE = "__main__.py"


@dataclass(frozen=True)
class Main:
    """The code to run: `function` of `module`, or the module itself if that is empty.

    `args` precede those of the command line; `env` are variables that are set unless they already
    are.
    """

    module: str
    function: str = ""
    args: Tuple[str, ...] = ()
    env: Tuple[Tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Main":
        """Parses `module:function` or `module`."""
        module, _, function = text.partition(":")
        return cls(module.strip(), function.strip())


def console_script(name: str, scripts: Mapping[str, str]) -> Main:
    """The main of a `script` of installed packages, by name. Raises LadingError if there is
    none."""
    if name not in scripts:
        known = ", ".join(sorted(scripts)) or "none"
        raise LadingError(
            f"`pex` has the `script` {name!r}, which none of its wheels has; they have {known}. "
            "Correct it, or add the requirement that has it."
        )
    return Main.parse(scripts[name])


def main_source(main: Main, directory: str, packages: str, has_path_files: bool) -> str:
    """The text of `__main__.py` in `directory`. `packages` is the directory of installed packages;
    both are absolute paths. Path files in `packages` are read if there are any (`site`)."""
    # Python calls package directories site-packages; Debian calls its own dist-packages.
    lines = [
        f"sys.argv[:1] = {[directory, *main.args]!r}",
        'others = [path for path in sys.path if path.endswith("-packages")]',
        f"own = [path for path in sys.path if path not in (*others, {directory!r})]",
        f"sys.path[:] = [{directory!r}, *own]",
    ]
    if has_path_files:
        lines += ["import site", f"site.addsitedir({packages!r})"]
    else:
        lines += [f"sys.path.append({packages!r})"]
    lines += [f"sys.path += [path for path in others if path != {packages!r}]"]
    if main.env:
        lines += ["import os"]
        lines += [f"os.environ.setdefault({key!r}, {value!r})" for key, value in main.env]
    if main.function:
        lines += [f"from {main.module} import {main.function.split('.')[0]}"]
        lines += [f"sys.exit({main.function}())"]
    else:
        lines += ["import runpy"]
        lines += [f'runpy.run_module({main.module!r}, run_name="__main__", alter_sys=True)']
    # Child processes of `multiprocessing` read the file, too, under another name.
    text = "\n".join(f"    {line}" for line in lines)
    return f'import sys\n\nif __name__ == "__main__":\n{text}\n'


def check_sources(paths: Collection[str]) -> None:
    """Raises LadingError if a source has the path of a generated file."""
    if MAIN_FILE in paths:
        raise LadingError(
            f"`pex` has a source {MAIN_FILE} at a source root, which is where Lading puts the "
            "file that starts it. Move it into a package."
        )
