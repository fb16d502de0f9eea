"""Lading's targets in the goals that Pants itself has."""

import json
import re
from typing import Sequence

import pytest
from repository import Repository

REDIS_IS_MADE_OF = {
    "3rdparty/debian:bookworm",
    "3rdparty/glibc:glibc",
    "3rdparty/glibc:libc6",
    "3rdparty/glibc:libgcc-s1",
    "3rdparty/glibc:set_search_path",
    "3rdparty/redis:redis",
    "3rdparty/redis:source",
    "3rdparty/stdenv:stdenv",
}


@pytest.mark.parametrize(
    "target, fields",
    [
        ("store_package", ["version", "source", "script", "dependencies", "allowed_references"]),
        ("docker_image", ["contents", "cmd", "entrypoint", "exposed_ports", "image_tags"]),
    ],
)
def test_help_explains_the_fields(
    repository: Repository, target: str, fields: Sequence[str]
) -> None:
    output = repository.pants("help", target).stdout
    assert f"`{target}` target" in output
    for field in fields:
        # The field's name, its type and default, and its help.
        assert re.search(
            rf"^{field}\n    type: .+\n    (default: .+|required)\n\n    \S", output, re.M
        )


def test_dependencies_are_all_that_the_image_is_made_of(repository: Repository) -> None:
    listed = repository.pants("dependencies", "--transitive", "//images:redis-server").stdout
    assert {_full(address) for address in listed.split()} == REDIS_IS_MADE_OF


def _full(address: str) -> str:
    path, _, name = address.partition(":")
    return f"{path}:{name or path.rpartition('/')[2]}"


def test_peek_shows_the_fields(repository: Repository) -> None:
    (image,) = json.loads(repository.pants("peek", "//images:redis").stdout)
    assert (image["address"], image["target_type"]) == ("images:redis", "docker_image")
    assert image["contents"] == ["//3rdparty/redis"]
    assert image["exposed_ports"] == ["6379/tcp"]
    (package,) = json.loads(repository.pants("peek", "//3rdparty/redis:redis").stdout)
    assert (package["target_type"], package["version"]) == ("store_package", "7.0.15")
    assert "3rdparty/glibc:glibc" in package["dependencies"]


@pytest.mark.parametrize(
    "file, old, new",
    [
        ("3rdparty/redis/BUILD", "# A client for load tests", "# It"),
        ("3rdparty/glibc/set_search_path.py", '"""Make a', '"""Let a'),
        ("3rdparty/stdenv/BUILD", '        "xz-utils",\n', ""),
    ],
)
def test_pants_14724_a_change_of_any_input_changes_the_image(
    repository: Repository, file: str, old: str, new: str
) -> None:
    with repository.edited(file, old, new):
        changed = repository.pants(
            "--changed-since=HEAD", "--changed-dependents=transitive", "list"
        )
    assert "images:redis" in changed.stdout.split()


def test_a_change_of_something_else_does_not(repository: Repository) -> None:
    with repository.edited("3rdparty/tzdata/BUILD", 'name="tzdata",', 'name="tzdata",  # zones'):
        changed = repository.pants(
            "--changed-since=HEAD", "--changed-dependents=transitive", "list"
        )
    assert "3rdparty/tzdata:tzdata" in changed.stdout.split()
    assert "images:redis" not in changed.stdout.split()


def test_dependents_of_glibc(repository: Repository) -> None:
    listed = repository.pants("dependents", "--transitive", "//3rdparty/glibc").stdout.split()
    assert {"3rdparty/redis:redis", "images:redis"} <= {_full(address) for address in listed}
