"""apt itself, with the caller's indexes and nothing installed: a fixture library.

The resolver is compared with what `apt-get install` would do.
"""

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence, Tuple

from lading.debian.lock.package_index import IndexFile

_NEW = re.compile(r"^The following NEW packages will be installed:\n((?: .*\n)+)", re.MULTILINE)
_PACKAGE = re.compile(r"^ +(\S+) \((\S+)\)$", re.MULTILINE)

_CONFIG = """\
Dir "{root}";
Dir::Etc "etc";
Dir::State "state";
Dir::State::status "status";
Dir::Cache "cache";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke;
"""


@dataclass(frozen=True)
class Apt:
    """All state is below `root`. Needs apt-get, but neither root nor the network."""

    root: Path
    architecture: str = "amd64"
    #: What apt-get runs in.
    inside: Tuple[str, ...] = ()

    def update(self, files: Sequence[IndexFile]) -> "Apt":
        """Let apt choose from these files, one for each suite."""
        for directory in (
            "etc/apt.conf.d",
            "etc/preferences.d",
            "etc/sources.list.d",
            "state/lists/partial",
            "cache/archives/partial",
        ):
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        (self.root / "status").write_text("")
        config = _CONFIG.format(root=self.root, architecture=self.architecture)
        (self.root / "apt.conf").write_text(config)
        lines = []
        for number, file in enumerate(files):
            suite = file.suite or f"suite{number}"
            self._write_suite(suite, file)
            lines.append(f"deb [trusted=yes] {(self.root / 'archive').as_uri()} {suite} main\n")
        (self.root / "etc/sources.list").write_text("".join(lines))
        result = self._run("apt-get", "update")
        assert result.returncode == 0, result.stderr
        return self

    def install(self, roots: Sequence[str]) -> Optional[Dict[str, str]]:
        """Version by name of what apt would install for `roots`; None if it refuses.

        `--print-uris` decides like `--simulate`, but stops there; the latter would also sort
        hundreds of packages into the order in which they are unpacked.
        """
        result = self._run("apt-get", "--print-uris", "--verbose-versions", "install", *roots)
        new = _NEW.search(result.stdout)
        if result.returncode or new is None:
            return None
        return dict(_PACKAGE.findall(new[1]))

    def _write_suite(self, suite: str, file: IndexFile) -> None:
        directory = self.root / "archive/dists" / suite
        name = f"main/binary-{self.architecture}/Packages"
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(file.content)
        fields: Mapping[str, str] = {
            "Origin": "Debian",
            "Suite": suite,
            "Codename": suite,
            "Date": "Thu, 01 Jan 2015 00:00:00 UTC",
            "Architectures": self.architecture,
            "Components": "main",
            **({"NotAutomatic": "yes"} if file.priority < 500 else {}),
            **({"ButAutomaticUpgrades": "yes"} if file.priority == 100 else {}),
        }
        digest = hashlib.sha256(file.content).hexdigest()
        text = "".join(f"{key}: {value}\n" for key, value in fields.items())
        text += f"SHA256:\n {digest} {len(file.content)} {name}\n"
        (directory / "Release").write_text(text)

    def _run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "APT_CONFIG": str(self.root / "apt.conf"),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
        }
        inside = (*self.inside, *command)
        return subprocess.run(inside, capture_output=True, text=True, env=environment)
