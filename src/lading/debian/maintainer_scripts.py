"""What maintainer scripts would do, told without running them.

They do not run, so that the same packages give the same files everywhere. The alternatives that
they register are taken from their text; of the rest the lines are told that would change
something.
"""

import re
import shlex
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

#: Scripts that run when a package is installed: deb-preinst(5), deb-postinst(5).
INSTALLING = ("preinst", "postinst")

# debhelper's parts of scripts that an image has no use for: services of systemd and init, conffiles
# of older versions, menus; and those whose work is done otherwise.
_SECTION = re.compile(
    r"^# Automatically added by dh_(?P<helper>\w+).*?^# End automatically added section\n?",
    re.MULTILINE | re.DOTALL,
)
_NEEDLESS_HELPERS = frozenset(
    (
        "installalternatives",
        "installdeb",
        "installinit",
        "installmenu",
        "installsystemd",
        "installsystemduser",
        "installtmpfiles",
        "makeshlibs",
        "python3",
        "strip",
        "systemd_enable",
        "systemd_start",
    )
)

# Programs that change what lies in the file system, and that an image may miss.
_CHANGING = (
    r"a2en(?:conf|mod|site)|add(?:group|user)|chgrp|chmod|chown|cp|debconf-set-selections"
    r"|dpkg-divert(?!.*\s--(?:list|remove|truename)\s)|dpkg-statoverride(?!.*\s--(?:list|remove)\s)"
    r"|fc-cache|gio-querymodules|glib-compile-schemas|group(?:add|mod)|install|ln|locale-gen|mkdir"
    r"|make-ssl-cert|mkfifo|mknod|mv|phpenmod|sed(?=\s(?:-\w+\s)*-\w*i)|setcap|su|systemd-sysusers"
    r"|systemd-tmpfiles|tee|touch|ucfr?|update-(?!alternatives|rc\.d)[a-z-]+|user(?:add|mod)"
)
# Into a file, but for /dev and those of another descriptor.
_REDIRECTION = re.compile(r"(?<![0-9&>])>>?\s*[\"']?(?:/(?!dev/)|\$)")
# Where a command begins; only then is a name one of a program.
_COMMAND = re.compile(
    rf"(?:^|[;&|(`{{!]|\b(?:then|else|do|if|elif|while)\s)\s*(?:/usr)?(?:/s?bin/)?"
    rf"(?:{_CHANGING})(?=[\s;|&)]|$)"
)
# The words before a branch of `case`, which are no commands.
_CASE = re.compile(r"^\s*\(?[\w.*?-]+(?:\s*\|\s*[\w.*?-]+)*\s*\)")
_HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(['\"]?)([^'\"$`\s;]*)\2\s*;?\s*$")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")

_LONGEST_LINE = 200


@dataclass(frozen=True)
class Alternative:
    """`link` leads to `path` by way of /etc/alternatives/`name`, if none has a higher priority.

    `slaves` are links, names and paths that go with it. Paths are absolute.
    """

    link: str
    name: str
    path: str
    priority: int
    slaves: Tuple[Tuple[str, str, str], ...] = ()


def registered_alternatives(script: str) -> Tuple[Alternative, ...]:
    """What a script registers by `update-alternatives --install`, as far as it is plain text."""
    found = []
    for line in _logical_lines(script):
        if "update-alternatives" in line and "--install" in line:
            alternative = _parse_alternative(line)
            if alternative is not None and alternative not in found:
                found.append(alternative)
    return tuple(found)


def changing_lines(script: str) -> Tuple[str, ...]:
    """The lines that would change something in an image, each once."""
    without = _SECTION.sub(
        lambda match: "" if match["helper"] in _NEEDLESS_HELPERS else match[0], script
    )
    lines = (" ".join(line.split()) for line in _logical_lines(without))
    changing = (line[:_LONGEST_LINE] for line in lines if _is_change(line))
    return tuple(dict.fromkeys(changing))


def _is_change(line: str) -> bool:
    if "update-alternatives" in line:
        # Those that are plain text are settled; removing is for upgrades.
        return "--install" in line and _parse_alternative(line) is None
    command = _CASE.sub("", line)
    return bool(_COMMAND.search(command) or _REDIRECTION.search(command))


def _logical_lines(script: str) -> Iterator[str]:
    """The lines with variables of plain text filled in, without comments and here documents."""
    variables: Dict[str, str] = {}
    lines = iter(script.replace("\\\n", " ").splitlines())
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        here = _HERE_DOCUMENT.search(line)
        assignment = _ASSIGNMENT.match(line)
        if assignment:
            variables[assignment[1]] = assignment[3]
        yield _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], match[0]), line)
        if here:
            for text in lines:
                if text.strip() == here[1]:
                    break


def _parse_alternative(line: str) -> Optional[Alternative]:
    words = _words(line)
    try:
        start = words.index("--install")
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
    is_plain = all(part.startswith("/") and not re.search(r"[$`*]", part) for part in paths)
    return alternative if is_plain and re.fullmatch(r"[\w.+-]+", name) else None


def _words(line: str) -> List[str]:
    try:
        return shlex.split(line.split(";")[0])
    except ValueError:  # an unclosed quote
        return []
