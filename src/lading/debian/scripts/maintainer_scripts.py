"""Determines what maintainer scripts would do, without running them.

They don't run so that the same packages give the same files everywhere. The alternatives that they
register and the shells that they add are taken from their text; of their other commands, all that
are not known to be harmless are reported.
"""

import re
from dataclasses import dataclass, field
from typing import AbstractSet, Dict, List, Mapping, Optional, Tuple

from lading.debian.scripts.harmless_commands import is_harmless
from lading.debian.scripts.script_files import USUAL_UMASK, ScriptFiles
from lading.debian.scripts.shell import Redirection, ShellSyntaxError
from lading.debian.scripts.shell_run import Circumstances, Command, follow_script
from lading.files.path_fault import path_fault

#: Scripts that run when a package is installed, and their arguments if no version of it was
#: installed before: deb-preinst(5), deb-postinst(5).
INSTALLING = {"preinst": ("install",), "postinst": ("configure", "")}

_SHELLS = re.compile(r"#!\s*(?:/usr)?/bin/(?:env\s+)?(?:ba|da)?sh\b.*")
_ALTERNATIVE = re.compile(r"(?!\.{1,2}$)[\w.+-]+")
_LONGEST_LINE = 400

# As dpkg(1) sets them when it installs into the root itself.
_VARIABLES = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DPKG_ADMINDIR": "/var/lib/dpkg",
    "DPKG_ROOT": "",
}


@dataclass(frozen=True)
class Alternative:
    """`link` leads to `path` through /etc/alternatives/`name`, unless another has a higher
    priority.

    `slaves` are links, names and paths that go with it. Paths are absolute.
    """

    link: str
    name: str
    path: str
    priority: int
    slaves: Tuple[Tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class ScriptEffects:
    """What the scripts of a package register, and `not_run`: by script, the commands, each listed
    once, that would change something else. Known values are filled into their arguments."""

    alternatives: Tuple[Alternative, ...] = ()
    shells: Tuple[str, ...] = ()
    not_run: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)


def follow_package(
    package: str, scripts: Mapping[str, str], own: AbstractSet[str], files: ScriptFiles
) -> ScriptEffects:
    """Apply the plain effects of the scripts (by name) to `files`, and report the rest. `own` are
    the paths that only this package has: they do not exist yet when preinst runs."""
    follower = _Follower(package, files)
    for name in INSTALLING:
        if scripts.get(name):
            files.umask = USUAL_UMASK
            files.absent = own if name == "preinst" else frozenset()
            follower.follow(name, scripts[name])
    return ScriptEffects(
        tuple(dict.fromkeys(follower.alternatives)),
        tuple(dict.fromkeys(follower.shells)),
        {name: tuple(dict.fromkeys(lines)) for name, lines in follower.not_run.items()},
    )


@dataclass
class _Follower:
    package: str
    files: ScriptFiles
    alternatives: List[Alternative] = field(default_factory=list)
    shells: List[str] = field(default_factory=list)
    not_run: Dict[str, List[str]] = field(default_factory=dict)

    def follow(self, name: str, script: str) -> None:
        if "\0" in script:
            self._tell(name, "the whole script, which has a NUL byte")
            return
        first, *_ = script.split("\n", 1)
        if first.startswith("#!") and not _SHELLS.fullmatch(first):
            self._tell(name, f"the whole script, which is not a shell script: {first}")
            return
        circumstances = Circumstances(
            INSTALLING[name],
            {
                **_VARIABLES,
                "DPKG_MAINTSCRIPT_PACKAGE": self.package,
                "DPKG_MAINTSCRIPT_NAME": name,
                "DPKG_MAINTSCRIPT_ARCH": self.files.architecture,
            },
            self.files.architecture,
            lambda command: self._perform(name, command),
            self.files.ask,
            self.files.text,
        )
        try:
            follow_script(script, circumstances)
        except ShellSyntaxError as error:
            self._tell(name, f"the whole script, which cannot be read: {error}")

    def _perform(self, script: str, command: Command) -> Optional[bool]:
        alternative = parse_alternative(command.words)
        if alternative is not None:
            self.alternatives.append(alternative)
            if not command.is_known:
                self._tell(script, str(command)[:_LONGEST_LINE])
            return True
        if self.files.perform(command):
            return True
        if not (is_harmless(command) and all(map(_is_nowhere, command.redirections))):
            self._tell(script, str(command)[:_LONGEST_LINE])
        elif command.words[:1] == ("add-shell",):
            self.shells.extend(command.words[1:])
        return self.files.answer(command)

    def _tell(self, script: str, line: str) -> None:
        self.not_run.setdefault(script, []).append(line)


def _is_nowhere(redirection: Redirection) -> bool:
    """Whether it writes to no file, but to another descriptor or a device."""
    if ">" not in redirection.operator:
        return True
    if redirection.operator == ">&":
        return True
    return redirection.word.startswith(("/dev/", "/proc/"))


def parse_alternative(words: Tuple[str, ...]) -> Optional[Alternative]:
    """What `update-alternatives --install` would register; None if that is not plain."""
    if not words or not words[0].endswith("update-alternatives") or "--install" not in words:
        return None
    start = words.index("--install")
    try:
        link, name, path, priority = words[start + 1 : start + 5]
        slaves = []
        for index in range(start + 5, len(words)):
            if words[index] == "--slave":
                slave_link, slave_name, slave_path = words[index + 1 : index + 4]
                slaves.append((slave_link, slave_name, slave_path))
        alternative = Alternative(link, name, path, int(priority), tuple(slaves))
    except ValueError:
        return None
    paths = (link, path, *(part for slave in slaves for part in (slave[0], slave[2])))
    names = (name, *(slave[1] for slave in slaves))
    is_plain = all(map(_is_plain_path, paths)) and all(map(_ALTERNATIVE.fullmatch, names))
    return alternative if is_plain else None


def _is_plain_path(path: str) -> bool:
    if not path.startswith("/") or re.search(r"[$`*\s]", path):
        return False
    return not ({".", ".."} & set(path.split("/")) or path_fault(path))
