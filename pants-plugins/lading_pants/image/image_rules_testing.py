"""The rules that make images, with real sandboxes, but with packages that were not compiled."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pants.backend.python.subsystems.repos import PythonRepos
from pants.core.util_rules import environments
from pants.engine.fs import CreateDigest, Digest, FileContent
from pants.engine.rules import Get, MultiGet, collect_rules, rule

from lading.compression.layer_compression import LIBRARY
from lading.image.layers.package_testing import Program, Tree, find_libdeflate, make_package
from lading.image.programs.run_as_root_testing import programs
from lading.store.package import StorePackage
from lading.values.path import StorePath
from lading_pants.base_image import pinned_image, pulled_image, pulled_layers
from lading_pants.debian import debian, debian_parts, image_debian
from lading_pants.engine import (
    machine,
    named_address,
    platform,
    program,
    registry_machine,
    requested_goals,
    target_files,
)
from lading_pants.fetch import fetch
from lading_pants.fetch.compressor import Compressor
from lading_pants.fetch.pinned_library import PinnedLibrary, PinnedLibraryRequest
from lading_pants.image import (
    archive_in_dist,
    assembled_image,
    image_archive,
    image_files,
    image_layer,
    image_layers,
    image_names,
    image_parts,
    image_plan,
    image_references,
    image_trees,
    package_layers,
    resolved_image,
    run_as_root,
)
from lading_pants.python import image_pex, image_python
from lading_pants.store.realise import (
    MEMBERS_FILE,
    SEGMENT_FILE,
    ClosureMember,
    StoreClosure,
    StorePackagesRequest,
    StorePaths,
    place_files,
)

#: The existing packages, by name: `store_package` targets with these names, in any directory.
TREES: dict[str, Tree] = {
    "coreutils": {name: Program(content) for name, content in programs().items()},
    "redis": {"bin/redis-server": Program(b"redis"), "share/x": b"1"},
    "bash": {"bin/bash": Program(b"bash")},
    "nginx": {"share/x": b"2"},
}

#: The packages that need particular versions, by name.
VERSIONS = {"cpython": "3.11"}


@dataclass(frozen=True)
class _UnbuiltRequest:
    name: str


@rule
async def system_compressor() -> Compressor:
    """The machine's own compressor instead of the pinned one, which would have to be downloaded."""
    content = Path(find_libdeflate()).read_bytes()
    return Compressor(await Get(Digest, CreateDigest([FileContent(LIBRARY, content)])))


@rule
def no_library(_: PinnedLibraryRequest) -> PinnedLibrary:
    """Fails if libzstd is requested: no layer here is compressed with it."""
    raise AssertionError("libzstd was fetched, and no layer is compressed by it")


@rule
async def paths_without_derivations(request: StorePackagesRequest) -> StorePaths:
    names = [address.target_name for address in request.addresses]
    return StorePaths(
        tuple(StorePath(name[0] * 32, name) for name in names),
        tuple(VERSIONS.get(name, f"1-{name}") for name in names),
    )


@rule
async def closure_without_builds(request: StorePackagesRequest) -> StoreClosure:
    members = await MultiGet(
        Get(ClosureMember, _UnbuiltRequest(address.target_name)) for address in request.addresses
    )
    ordered = tuple(sorted(members, key=lambda member: member.package.path))
    return StoreClosure(roots=tuple(members), members=ordered)


@rule
async def package_without_build(request: _UnbuiltRequest) -> ClosureMember:
    with tempfile.TemporaryDirectory() as directory:
        tree = TREES[request.name]
        package = make_package(Path(directory), find_libdeflate(), request.name, tree)
        files = package.content_package
        segment, members = Path(files.segment).read_bytes(), Path(files.members).read_bytes()
    digest = await Get(
        Digest,
        CreateDigest([FileContent(SEGMENT_FILE, segment), FileContent(MEMBERS_FILE, members)]),
    )
    sha256 = hashlib.sha256(segment).hexdigest()
    return ClosureMember(StorePackage(package.path, (), (), sha256, len(segment), 10), digest)


def package_targets() -> str:
    """The text of a BUILD file that declares all packages."""
    return "".join(f'store_package(name="{name}", version="1")\n' for name in TREES)


#: All but the rules of goals, and of store packages.
RULES_WITHOUT_PACKAGES = (
    *collect_rules(
        debian,
        debian_parts,
        fetch,
        archive_in_dist,
        assembled_image,
        image_archive,
        image_layers,
        image_debian,
        image_files,
        image_layer,
        image_names,
        image_parts,
    ),
    *image_pex.rules(),
    *collect_rules(image_plan, image_python),
    *image_references.rules(),
    *collect_rules(image_trees, requested_goals, resolved_image),
    *target_files.rules(),
    *environments.rules(),
    *collect_rules(
        machine,
        named_address,
        package_layers,
        platform,
        pinned_image,
        program,
        pulled_image,
        pulled_layers,
        registry_machine,
        run_as_root,
    ),
    *PythonRepos.rules(),
    system_compressor,
    no_library,
    place_files,
)

#: All but the rules of goals. Targets are `docker_image`, `base_image`, `store_package` and `file`.
IMAGE_RULES = (
    *RULES_WITHOUT_PACKAGES,
    paths_without_derivations,
    closure_without_builds,
    package_without_build,
)
