"""What the backend `lading_pants` adds to Pants."""

from __future__ import annotations

from pants.engine.rules import Rule, collect_rules
from pants.engine.target import Target
from pants.engine.unions import UnionRule
from pants.util.memo import memoized

from lading_pants.base_image import base_image_pins, pinned_image, pulled_image, pulled_layers
from lading_pants.base_image.base_image import BaseImageTarget
from lading_pants.debian import debian, debian_parts, image_debian
from lading_pants.debian import debian_lock_goal as debian_lock
from lading_pants.debian.debian_lock_target import DebianLockTarget
from lading_pants.engine import (
    bubblewrap,
    container_engine_machine,
    docker_backend,
    lading_cache,
    machine,
    named_address,
    platform,
    program,
    registry_machine,
    requested_goals,
    target_files,
)
from lading_pants.fetch import compressor, fetch, pinned_library
from lading_pants.fetch.fetch_debian import FetchDebianTarget
from lading_pants.fetch.fetch_url import FetchUrlTarget
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
    package_image,
    package_layers,
    resolved_image,
    run_as_root,
)
from lading_pants.image.fields.docker_image import DockerImageTarget
from lading_pants.publish import publish_image
from lading_pants.python import image_pex, image_python
from lading_pants.run import run_image
from lading_pants.store import (
    derivation,
    implied_build_root,
    override,
    package_store,
    realise,
    source,
    store_package,
    store_script,
)
from lading_pants.store.build_root_target import BuildRootTarget
from lading_pants.store.store_package_target import StorePackageTarget
from lading_pants.store.store_script_target import StoreScriptTarget
from lading_pants.test import image_checks, image_tests
from lading_pants.test.docker_image_test_target import DockerImageTestTarget

_RULE_MODULES = (
    archive_in_dist,
    assembled_image,
    base_image_pins,
    bubblewrap,
    compressor,
    debian,
    debian_lock,
    debian_parts,
    derivation,
    docker_backend,
    container_engine_machine,
    fetch,
    image_archive,
    image_checks,
    image_debian,
    image_files,
    image_layer,
    image_layers,
    image_names,
    image_parts,
    image_pex,
    image_plan,
    image_python,
    image_references,
    image_tests,
    image_trees,
    resolved_image,
    implied_build_root,
    lading_cache,
    machine,
    named_address,
    override,
    package_image,
    package_layers,
    package_store,
    pinned_image,
    pinned_library,
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
    target_files,
)


def target_types() -> list[type[Target]]:
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


# Pants asks in each run, even if its daemon has the rules.
@memoized
def rules() -> list[Rule | UnionRule]:
    """A module has a function `rules` if it adds more than the rules in it."""
    found: list[Rule | UnionRule] = []
    for module in _RULE_MODULES:
        found += module.rules() if hasattr(module, "rules") else collect_rules(module)
    return found
