from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidFieldException

from lading_pants.fields.output_path import ArchivePathField, PackagePathField, ScriptPathField

ADDRESS = Address("images", target_name="redis")


@pytest.mark.parametrize(
    "path, reason",
    [
        ("/etc/redis.tar", "leads out of dist/"),
        ("../redis.tar", "leads out of dist/"),
        ("images/../../redis.tar", "leads out of dist/"),
        ("images/../redis.tar", "leads out of dist/"),
        ("./redis.tar", "is not a path in its shortest form"),
        ("images//redis.tar", "is not a path in its shortest form"),
        ("redis.tar/", "is not a path in its shortest form"),
        ("redis\0.tar", "is not a path in its shortest form"),
        ("images/redis", "does not end in .tar"),
        ("images/redis.json", "does not end in .tar"),
        ("images/redis.tar.gz", "does not end in .tar"),
        ("images/.tar", "does not end in .tar"),
    ],
)
def test_paths_that_no_archive_has(path: str, reason: str) -> None:
    with pytest.raises(InvalidFieldException) as error:
        ArchivePathField(path, ADDRESS)
    assert str(error.value) == (
        f"`docker_image` images:redis: `output_path` is {path!r}, which {reason}. Write a path "
        'below dist/ such as `output_path="images/redis.tar"`.'
    )


@pytest.mark.parametrize("field", [PackagePathField, ScriptPathField])
def test_packages_are_put_below_dist(field: type[PackagePathField]) -> None:
    for path in (".", "..", "/etc", "a/../.."):
        with pytest.raises(InvalidFieldException, match=f"`{field.target_alias}` images:redis: "):
            field(path, ADDRESS)
    assert field("any/directory", ADDRESS).value == "any/directory"


@pytest.mark.parametrize("path", ["redis.tar", "a/b.c/redis-7.0.tar", ""])
def test_paths_that_archives_have(path: str) -> None:
    field = ArchivePathField(path, ADDRESS)
    assert field.value_or_default(file_ending="tar") == (path or "images/redis.tar")


def test_without_a_path_it_is_where_pants_puts_packages() -> None:
    address = Address("images/base", target_name="redis")
    field = ArchivePathField(None, address)
    assert field.value_or_default(file_ending="tar") == "images.base/redis.tar"
