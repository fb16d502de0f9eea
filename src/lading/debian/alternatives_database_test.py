import subprocess
from pathlib import Path
from typing import List

from lading.debian.registered_alternatives import database_texts
from lading.debian.scripts.maintainer_scripts import Alternative

_AWK = (
    Alternative(
        *("/usr/bin/awk", "awk", "/usr/bin/mawk", 5),
        (("/usr/bin/nawk", "nawk", "/usr/bin/mawk"), ("/m/awk.1", "awk.1", "/m/mawk.1")),
    ),
    Alternative(
        *("/usr/bin/awk", "awk", "/usr/bin/gawk", 10),
        (("/m/awk.1", "awk.1", "/m/gawk.1"), ("/m/x.1", "x.1", "/m/none.1")),
    ),
    Alternative("/usr/bin/awk", "awk", "/usr/bin/gone", 90),
)


def update_alternatives(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["update-alternatives", "--root", str(root), *arguments], capture_output=True, check=True
    )
    return done.stdout.decode()


def _register(root: Path, alternative: Alternative) -> None:
    slaves: List[str] = []
    for slave in alternative.slaves:
        slaves += ["--slave", *slave]
    update_alternatives(
        root,
        *("--install", alternative.link, alternative.name, alternative.path),
        str(alternative.priority),
        *slaves,
    )


def test_the_database_is_what_update_alternatives_writes(tmp_path: Path) -> None:
    for path in ("usr/bin/mawk", "usr/bin/gawk", "m/mawk.1", "m/gawk.1", "etc/alternatives/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    database = tmp_path / "var/lib/dpkg/alternatives"
    database.mkdir(parents=True)
    for alternative in _AWK[:2]:
        _register(tmp_path, alternative)
    texts = database_texts(_AWK, {}, lambda path: (tmp_path / path).exists())
    assert texts == {"var/lib/dpkg/alternatives/awk": (database / "awk").read_text()}
    update_alternatives(tmp_path, "--set", "awk", "/usr/bin/mawk")
    texts = database_texts(_AWK, {"awk": "mawk"}, lambda path: (tmp_path / path).exists())
    assert texts == {"var/lib/dpkg/alternatives/awk": (database / "awk").read_text()}
