"""Reads the files of container-structure-test."""

from __future__ import annotations

import re
from typing import Any

import yaml
from pants.engine.fs import Digest, DigestContents
from pants.engine.rules import Get
from pants.engine.target import HydratedSources, HydrateSourcesRequest

from lading.checks.checks import Checks
from lading.checks.structure_test.structure_file import parse_structure_file
from lading.values.errors import LadingError
from lading_pants.errors import TargetError, about
from lading_pants.test.docker_image_test_target import StructureTestsField


class _TextLoader(yaml.SafeLoader):
    """Leaves every scalar as it is written, since Go reads `1.10` as a string where it expects one.

    A duplicate key is an error, as in Go.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"duplicate key {key!r}", problem_mark=node.start_mark
                )
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)  # type: ignore[no-untyped-call]
        return mapping


# The only scalars that don't stay strings; YAML would recognize numbers, dates and so on by their
# form.
_NULL = ("tag:yaml.org,2002:null", re.compile("(?:~|null|Null|NULL|)$"))
_MERGE = ("tag:yaml.org,2002:merge", re.compile("<<$"))
_TextLoader.yaml_implicit_resolvers = {"<": [_MERGE], **dict.fromkeys("~nN", [_NULL]), "": [_NULL]}


def read_structure_file(path: str, content: bytes) -> Checks:
    """Raises a LadingError that names the file and the position in it."""
    try:
        # A subclass of SafeLoader.
        document = yaml.load(content, Loader=_TextLoader)
    except yaml.YAMLError as error:
        raise LadingError(
            f"`container_structure_tests` has {path}, which is not YAML: {error}"
        ) from error
    return parse_structure_file(path, document)


async def read_structure_tests(field: StructureTestsField, subject: str) -> Checks:
    sources = await Get(HydratedSources, HydrateSourcesRequest(field))
    if field.value and not sources.snapshot.files:
        # Pants would only warn about it.
        raise TargetError(
            f"{subject}: `{field.alias}` has {', '.join(map(repr, field.value))}, but there is no "
            "such file: name files in the BUILD file's directory or below it."
        )
    contents = await Get(DigestContents, Digest, sources.snapshot.digest)
    try:
        return Checks.together([read_structure_file(one.path, one.content) for one in contents])
    except LadingError as error:
        raise about(subject, error) from error
