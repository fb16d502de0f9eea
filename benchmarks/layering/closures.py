"""Closures of real software, from the dependencies and sizes of Debian packages.

    python3 benchmarks/layering/closures.py

rewrites closures.json from the index that the machine's apt has; that of bookworm is in
version control. Sizes are of the compressed packages.
"""

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Set

FILE = Path(__file__).with_name("closures.json")

#: The Debian packages that each image's own program needs.
IMAGES = {
    "api": "python3-django python3-psycopg2 python3-requests",
    "backup": "postgresql-client-15 restic rsync",
    "balancer": "haproxy",
    "billing": "openjdk-17-jre-headless postgresql-client-15",
    "blog": "ruby ruby-pg ruby-nokogiri",
    "cache": "redis-server",
    "ci": "git openssh-client curl jq",
    "database": "postgresql-15",
    "frontend": "nodejs",
    "gateway": "libc6",
    "mail": "exim4-daemon-light",
    "maps": "gdal-bin python3-gdal",
    "media": "ffmpeg",
    "model": "python3-sklearn python3-pandas python3-flask",
    "notebook": "python3-matplotlib python3-scipy python3-ipykernel",
    "orders": "openjdk-17-jre-headless",
    "proxy": "nginx",
    "queue": "erlang-base erlang-ssl erlang-mnesia",
    "renderer": "nodejs librsvg2-bin fonts-dejavu-core",
    "reports": "r-base-core",
    "scheduler": "libc6",
    "search": "openjdk-17-jre-headless libjna-java",
    "shop": "php8.2-fpm php8.2-pgsql php8.2-gd",
    "thumbnails": "imagemagick",
    "worker": "python3-celery python3-redis python3-requests",
}

# What only installs or configures.
_LEFT_OUT = frozenset(
    "adduser cdebconf cron debconf debianutils dpkg gcc-12-base init-system-helpers install-info "
    "logrotate lsb-base mawk netbase passwd perl-base python3-minimal systemd sysvinit-utils tar "
    "ucf".split()
)


def main() -> None:
    index = _Index.of_this_machine()
    roots = {name: wanted.split() for name, wanted in IMAGES.items()}
    packages = index.closure({package for wanted in roots.values() for package in wanted})
    groups = _cycles(packages)
    document = [
        '{\n"images": {',
        ",\n".join(
            f"{json.dumps(name)}: {json.dumps(sorted({groups[root] for root in wanted}))}"
            for name, wanted in sorted(roots.items())
        ),
        '},\n"packages": [',
        ",\n".join(json.dumps(node, sort_keys=True) for node in _nodes(index, packages, groups)),
        "]\n}\n",
    ]
    FILE.write_text("\n".join(document), encoding="utf-8")


class _Index:
    def __init__(self, paragraphs: Mapping[str, Mapping[str, str]]) -> None:
        self.paragraphs = paragraphs
        self._providers: Dict[str, List[str]] = defaultdict(list)
        for name, fields in paragraphs.items():
            for provided in filter(None, re.split(r",\s*", fields.get("Provides", ""))):
                self._providers[provided.split()[0]].append(name)

    @classmethod
    def of_this_machine(cls) -> "_Index":
        targets = ("indextargets", "--format=$(FILENAME)", "Created-By: Packages")
        found: Dict[str, Dict[str, str]] = {}
        for file in sorted(_output("apt-get", *targets).split()):
            for fields in _paragraphs(_output("/usr/lib/apt/apt-helper", "cat-file", file)):
                if fields:
                    found[fields["Package"]] = fields
        return cls(found)

    def closure(self, roots: Set[str]) -> Dict[str, Set[str]]:
        """What each package depends on, of all that the roots lead to."""
        found: Dict[str, Set[str]] = {}
        pending = sorted(roots)
        while pending:
            name = pending.pop()
            if name not in found:
                found[name] = set(self._dependencies(name))
                pending += sorted(found[name])
        return found

    def _dependencies(self, name: str) -> Iterator[str]:
        fields = self.paragraphs[name]
        for field in ("Pre-Depends", "Depends"):
            for group in filter(None, re.split(r",\s*", fields.get(field, ""))):
                names = [alternative.split()[0].split(":")[0] for alternative in group.split("|")]
                if not _LEFT_OUT.intersection(names):
                    yield from self._first(names)

    def _first(self, names: List[str]) -> List[str]:
        for name in names:
            if name in self.paragraphs:
                return [name]
            if self._providers[name]:
                return sorted(self._providers[name])[:1]
        return []


def _output(*argv: str) -> str:
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout


def _paragraphs(text: str) -> Iterator[Dict[str, str]]:
    for paragraph in text.split("\n\n"):
        yield dict(re.findall(r"^([A-Za-z-]+): (.*)", paragraph, re.MULTILINE))


def _cycles(packages: Mapping[str, Set[str]]) -> Dict[str, str]:
    """A name for each package: that of all which depend on each other is the same."""
    reachable: Dict[str, Set[str]] = {}
    for start in packages:
        seen: Set[str] = set()
        pending = [start]
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += packages[name]
        reachable[start] = seen
    return {
        name: min(other for other in reachable[name] if name in reachable[other])
        for name in packages
    }


def _nodes(
    index: _Index, packages: Mapping[str, Set[str]], groups: Mapping[str, str]
) -> Iterator[Dict[str, Any]]:
    for group in sorted(set(groups.values())):
        members = [name for name in packages if groups[name] == group]
        references = {groups[other] for name in members for other in packages[name]} - {group}
        fields = index.paragraphs[group]
        yield {
            "name": group,
            "source": fields.get("Source", group).split()[0],
            "size": sum(int(index.paragraphs[name]["Size"]) for name in members),
            "references": sorted(references),
        }


if __name__ == "__main__":
    main()
