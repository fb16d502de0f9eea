"""A service's own sources, and the file by which Python starts it.

It has /app first on the path; installed packages come behind Python's own modules, as in a virtual
environment, and before packages that Python has itself, which may be of other versions.
"""

from dataclasses import dataclass
from typing import Collection, Mapping, Tuple

from lading.values.errors import LadingError

#: Also what Python looks for in a directory that it is to run. Being told the directory alone, it
#: takes some milliseconds more.
MAIN_FILE = "__main__.py"


@dataclass(frozen=True)
class Main:
    """What runs: `function` of `module`, or the module itself if that is empty.

    `args` go before those of the command line, `env` are variables that are set unless they are
    already.
    """

    module: str
    function: str = ""
    args: Tuple[str, ...] = ()
    env: Tuple[Tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Main":
        """From `module:function` or `module`."""
        module, _, function = text.partition(":")
        return cls(module.strip(), function.strip())


def console_script(name: str, scripts: Mapping[str, str]) -> Main:
    """The main of a `script` of installed packages, by name; LadingError if there is none."""
    if name not in scripts:
        known = ", ".join(sorted(scripts)) or "none"
        raise LadingError(
            f"`pex` has the `script` {name!r}, which none of its wheels has; they have {known}. "
            "Correct it, or add the requirement that has it."
        )
    return Main.parse(scripts[name])


def main_source(main: Main, directory: str, packages: str, has_path_files: bool) -> str:
    """The text of `__main__.py` in `directory`. `packages` is that of installed packages; both are
    absolute paths. Path files in it are read if there are any (`site`)."""
    # Python calls directories of packages of its own site-packages, Debian's dist-packages.
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
    # Children of `multiprocessing` read the file, too, under another name.
    text = "\n".join(f"    {line}" for line in lines)
    return f'import sys\n\nif __name__ == "__main__":\n{text}\n'


def check_sources(paths: Collection[str]) -> None:
    """LadingError where a source would take the place of what is generated."""
    if MAIN_FILE in paths:
        raise LadingError(
            f"`pex` has a source {MAIN_FILE} at a source root, which is where Lading puts the "
            "file that starts it. Move it into a package."
        )
