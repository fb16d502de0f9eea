"""What the backend `lading_pants` adds to Pants."""

from __future__ import annotations

from pants.util.memo import memoized

from lading_pants.goals import (
    base_image_pins,
    debian_lock,
    image_tests,
    lading_cache,
    package_image,
    package_store,
    publish_image,
    run_image,
)
from lading_pants.targets.base_image import BaseImageTarget
from lading_pants.targets.build_root import BuildRootTarget
from lading_pants.targets.debian_lock import DebianLockTarget
from lading_pants.targets.docker_image import DockerImageTarget
from lading_pants.targets.docker_image_test_target import DockerImageTestTarget
from lading_pants.targets.fetch_debian import FetchDebianTarget
from lading_pants.targets.fetch_url import FetchUrlTarget
from lading_pants.targets.store_package import StorePackageTarget
from lading_pants.targets.store_script import StoreScriptTarget
from lading_pants.util_rules import (
    archive_in_dist,
    assembled_image,
    bubblewrap,
    compressor,
    debian,
    debian_parts,
    deflate_library,
    derivation,
    docker_backend,
    engine_machine,
    fetch,
    image_archive,
    image_base,
    image_checks,
    image_debian,
    image_destinations,
    image_files,
    image_layer,
    image_layers,
    image_names,
    image_parts,
    image_pex,
    image_plan,
    image_programs,
    image_python,
    image_references,
    image_trees,
    implied_build_root,
    machine,
    named_address,
    override,
    package_for_dist,
    package_layers,
    pinned_image,
    pinned_library,
    placed_layers,
    platform,
    program,
    pulled_image,
    pulled_layers,
    realise,
    registry_machine,
    requested_goals,
    run_as_root,
    source,
    store_package,
    store_script,
    structure_file,
    target_files,
    zstd_library,
)

_RULE_MODULES = (
    archive_in_dist,
    assembled_image,
    base_image_pins,
    bubblewrap,
    compressor,
    debian,
    debian_lock,
    debian_parts,
    deflate_library,
    derivation,
    docker_backend,
    engine_machine,
    fetch,
    image_archive,
    image_base,
    image_checks,
    image_debian,
    image_destinations,
    image_files,
    image_layer,
    image_layers,
    image_names,
    image_parts,
    image_pex,
    image_plan,
    image_programs,
    image_python,
    image_references,
    image_tests,
    image_trees,
    implied_build_root,
    lading_cache,
    machine,
    named_address,
    override,
    package_for_dist,
    package_image,
    package_layers,
    package_store,
    pinned_image,
    pinned_library,
    placed_layers,
    platform,
    program,
    publish_image,
    pulled_image,
    pulled_layers,
    realise,
    registry_machine,
    requested_goals,
    run_as_root,
    run_image,
    source,
    store_package,
    store_script,
    structure_file,
    target_files,
    zstd_library,
)


def target_types():
    return [
        BaseImageTarget,
        BuildRootTarget,
        DebianLockTarget,
        DockerImageTarget,
        DockerImageTestTarget,
        FetchDebianTarget,
        FetchUrlTarget,
        StorePackageTarget,
        StoreScriptTarget,
    ]


# Pants asks at each run, even where its daemon has what it needs.
@memoized
def rules():
    return [rule for module in _RULE_MODULES for rule in module.rules()]
