"""The files that pam-auth-update(8) creates from the profiles of packages."""

import re
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

PROFILES, TEMPLATES = "usr/share/pam-configs", "usr/share/pam"
_CONFIGURATION, _STATE = "etc/pam.d", "var/lib/pam"

_TYPES = ("auth", "account", "password", "session", "session-noninteractive")
_STOCK = "[default=1]\t\t\tpam_permit.so"

_Profile = Mapping[str, str]


def pam_files(
    profiles: Mapping[str, str], template: Callable[[str], Optional[str]]
) -> Dict[str, str]:
    """Texts by path. `profiles` are texts by name. `template` returns the text of a file in
    `TEMPLATES`; without it nothing is created."""
    parsed = {name: _parse(text) for name, text in profiles.items()}
    ordered = sorted(parsed, reverse=True, key=lambda name: (_priority(parsed[name]), name))
    enabled = list(_enabled(ordered, parsed))
    files: Dict[str, str] = {}
    for kind in _TYPES:
        text = template(f"{TEMPLATES}/common-{kind}")
        if text is None:
            return {}
        primary = _modules(enabled, parsed, kind, "Primary")
        additional = _modules(enabled, parsed, kind, "Additional")
        word = kind.partition("-")[0]
        name = kind.replace("-noninteractive", "_nonint")
        files[f"{_CONFIGURATION}/common-{kind}"] = text.replace(
            f"${name}_primary\n", _block(word, primary, 0) or f"{word}\t{_STOCK}\n"
        ).replace(f"${name}_additional\n", _block(word, additional, 1))
        modules = [*(primary or [("null", [_STOCK])]), *additional]
        files[f"{_STATE}/{kind}"] = "".join(
            f"Module: {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in modules
        )
    files[f"{_STATE}/seen"] = "".join(f"{name}\n" for name in ordered)
    return files


def _parse(text: str) -> Dict[str, str]:
    """Fields; the lines of a value are separated by newlines."""
    fields: Dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        match = re.match(r"(\S+):\s*(.*)", line)
        if match:
            key = match[1][: -len("-Final")] if match[1].endswith("-Final") else match[1]
            fields[key] = match[2].strip()
        elif line.strip() and key:
            fields[key] = f"{fields[key]}\n{line.strip()}".strip("\n")
    return fields


def _priority(profile: _Profile) -> int:
    text = profile.get("Priority", "0")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _enabled(ordered: Sequence[str], profiles: Mapping[str, _Profile]) -> Iterator[str]:
    """The profiles that are on by default and don't conflict with an earlier one."""
    refused = set()
    for name in ordered:
        if profiles[name].get("Default") == "yes" and name not in refused:
            yield name
            refused.update(re.split(r"[,\s]+", profiles[name].get("Conflicts", "")))


def _modules(
    enabled: Sequence[str], profiles: Mapping[str, _Profile], kind: str, block: str
) -> List[Tuple[str, List[str]]]:
    """The names of modules with their lines."""
    word = kind.partition("-")[0].capitalize()
    found: List[Tuple[str, List[str]]] = []
    for name in enabled:
        profile = profiles[name]
        is_left_out = kind != word.lower() and profile.get("Session-Interactive-Only") == "yes"
        if profile.get(f"{word}-Type") == block and not is_left_out:
            initial = "" if found else profile.get(f"{word}-Initial", "")
            found.append((name, (initial or profile.get(word, "")).splitlines()))
    return found


def _block(word: str, modules: Sequence[Tuple[str, Sequence[str]]], behind: int) -> str:
    """`end` is the position after the block; the last line of an additional block does not jump."""
    lines = [line for _, some in modules for line in some]
    return "".join(
        f"{word}\t{_with_options(line).replace('=end', f'={len(lines) - number - behind}')}\n"
        for number, line in enumerate(lines)
    )


def _with_options(line: str) -> str:
    """Options begin after a blank, even if there are none."""
    return f"{line} " if re.fullmatch(r"(\[[^]]*\]|\S+)\s+\S+", line) else line
