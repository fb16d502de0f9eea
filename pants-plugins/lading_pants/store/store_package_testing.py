"""Store packages in a RuleRunner, really built, without downloads.

Their build root consists of one Debian package with programs of this machine. It comes from a
mirror in a directory.
"""

from __future__ import annotations

import hashlib
import platform as python_platform
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Mapping, Optional

from pants.backend.python.subsystems.repos import PythonRepos
from pants.core.goals.package import BuiltPackage
from pants.core.target_types import FilesGeneratorTarget, FileTarget
from pants.core.util_rules import source_files
from pants.engine.rules import QueryRule, collect_rules, rule
from pants.engine.target import Target
from pants.testutil.rule_runner import RuleRunner
from pants.util.frozendict import FrozenDict

from lading.debian.lock.binary_package import BinaryPackage
from lading.debian.lock.lock import DebianLock
from lading.store.build.host_programs_testing import install_bubblewrap, make_programs_deb
from lading.values.digest import Sha256
from lading_pants.debian import debian
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.engine import machine, named_address, platform, program
from lading_pants.engine.bubblewrap import BundledBubblewrap
from lading_pants.fetch import fetch
from lading_pants.fetch.fetch_debian import FetchDebianTarget
from lading_pants.fetch.fetch_url import FetchUrlTarget
from lading_pants.store import derivation, override, package_store, realise, source, store_package
from lading_pants.store.build_root_target import BuildRootTarget
from lading_pants.store.package_store import StorePackageFieldSet
from lading_pants.store.store_package_target import StorePackageTarget

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[python_platform.machine()]

_BUBBLEWRAP_CACHE = "bubblewrap_of_tests"

_BUILD = """
debian_lock(name="lock", suites=["bookworm"], architectures=["amd64", "arm64"])
build_root(name="root", debian_lock=":lock", debian_packages=["programs"])
fetch_debian(name="programs", debian_lock=":lock")
"""


@dataclass(frozen=True)
class DebianMirror:
    """A directory with the package `programs` of a Debian archive."""

    directory: Path
    package: BinaryPackage

    @classmethod
    def make(cls, directory: Path) -> DebianMirror:
        name = f"pool/main/p/programs/programs_1_{ARCHITECTURE}.deb"
        (directory / name).parent.mkdir(parents=True)
        # A package has the name of its file.
        content = (
            make_programs_deb(directory / "programs.deb").rename(directory / name).read_bytes()
        )
        digest = Sha256(hashlib.sha256(content).hexdigest())
        return cls(
            directory, BinaryPackage("programs", "1", ARCHITECTURE, name, digest, len(content))
        )

    @property
    def url(self) -> str:
        return self.directory.as_uri()

    def files(self) -> Mapping[str, str]:
        """The directory `debian` of a repository: the targets `lock`, `root` and `programs`."""
        lock = DebianLock(
            resolve="lock",
            suites=("bookworm",),
            components=("main",),
            architectures=("amd64", "arm64"),
            released={"bookworm": "20240210T000000Z"},
            roots=("programs",),
            packages={name: (self.package,) for name in ("amd64", "arm64")},
        )
        return {"debian/BUILD": _BUILD, "debian/lock.lock.json": lock.to_json()}


@rule
async def wheels_bubblewrap() -> BundledBubblewrap:
    return BundledBubblewrap(FrozenDict({_BUBBLEWRAP_CACHE: ".lading/bubblewrap"}))


_RULES = (
    *collect_rules(debian, derivation, fetch, machine, named_address),
    *override.rules(),
    *package_store.rules(),
    *collect_rules(platform, program),
    *PythonRepos.rules(),
    *collect_rules(realise, source),
    *source_files.rules(),
    *store_package.rules(),
    wheels_bubblewrap,
)

_TARGET_TYPES = (
    BuildRootTarget,
    DebianLockTarget,
    FetchDebianTarget,
    FetchUrlTarget,
    FileTarget,
    FilesGeneratorTarget,
    StorePackageTarget,
)


def make_runner(
    named_caches: Path,
    mirror: DebianMirror,
    *,
    mirror_url: Optional[str] = None,
    environment: Optional[Mapping[str, str]] = None,
    bootstrap_arguments: Iterable[str] = (),
    rules: Iterable[object] = (),
    target_types: Iterable[type[Target]] = (),
) -> RuleRunner:
    """A runner that can build the store packages of its repository, and shares no cache.

    Its repository has the files of `mirror`; fetches look for the mirror at `mirror_url`, or else
    at its real place.
    """
    install_bubblewrap(named_caches / _BUBBLEWRAP_CACHE)
    runner = RuleRunner(
        rules=[*_RULES, *rules, QueryRule(BuiltPackage, [StorePackageFieldSet])],
        target_types=[*_TARGET_TYPES, *target_types],
        isolated_local_store=True,
        bootstrap_args=[f"--named-caches-dir={named_caches}", *bootstrap_arguments],
    )
    runner.set_options(
        [
            "--lading-build-root=//debian:root",
            f"--lading-debian-mirrors=['{mirror_url or mirror.url}']",
            "--unmatched-build-file-globs=error",
        ],
        env=environment,
    )
    runner.write_files(dict(mirror.files()))
    return runner
