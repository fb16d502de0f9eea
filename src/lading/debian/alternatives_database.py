"""The files of update-alternatives(1): dpkg, utils/update-alternatives.c."""

from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

from lading.debian.scripts.maintainer_scripts import Alternative

DIRECTORY = "var/lib/dpkg/alternatives"


@dataclass(frozen=True)
class AlternativeGroup:
    """The alternatives of one name. The one with the highest priority is chosen unless
    `is_manual`."""

    link: str
    is_manual: bool
    choices: Tuple[Alternative, ...]

    @classmethod
    def of(cls, choices: Sequence[Alternative], is_manual: bool) -> "AlternativeGroup":
        return cls(choices[-1].link, is_manual, tuple(choices))

    def to_text(self) -> str:
        slaves: Dict[str, str] = {}
        for choice in self.choices:
            for link, name, _ in choice.slaves:
                slaves.setdefault(name, link)
        lines = ["manual" if self.is_manual else "auto", self.link]
        for name, link in sorted(slaves.items()):
            lines += [name, link]
        lines.append("")
        # Registering an alternative again replaces its earlier registration.
        latest = {choice.path: choice for choice in self.choices}
        for path, choice in sorted(latest.items()):
            paths = {name: path for _, name, path in choice.slaves}
            lines += [path, str(choice.priority), *(paths.get(name, "") for name in sorted(slaves))]
        return "\n".join([*lines, "", ""])
