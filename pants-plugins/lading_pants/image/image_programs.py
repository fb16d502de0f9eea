"""Whether an image has the programs that its config names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Mapping, Optional

from pants.engine.fs import Digest, DigestContents, DigestSubset, PathGlobs
from pants.engine.rules import Get

from lading.files.container_path import shown
from lading.files.entry import Entry, Members
from lading.image.config.config import ImageConfig
from lading.image.root.image_tree import ImageTree
from lading.image.root.programs import (
    DEFAULT_PATH,
    ImageContents,
    MembersNeeded,
    ProgramSearch,
)
from lading.values.errors import LadingError
from lading.values.json_codec import from_json
from lading.values.path import STORE_DIR, StorePath
from lading_pants.errors import about
from lading_pants.image.fields.image_field import ListField
from lading_pants.image.image_layer import read_tree
from lading_pants.image.image_plan import ImagePlan
from lading_pants.store.realise import MEMBERS_FILE, ClosureMember

_SHELL = "/bin/sh"


@dataclass(frozen=True)
class _Named:
    """A program, and the beginning of sentences about it."""

    where: str
    program: str


async def check_programs(
    plan: ImagePlan, tree_digest: Digest, closure: Iterable[ClosureMember]
) -> None:
    """Raises `TargetError` unless the image has all programs that its own fields name.
    `tree_digest` has the `TREE_FILE` of the whole image, `closure` are the packages in it."""
    named = list(_named(plan))
    if not named:
        return
    tree = ImageTree()
    if any(not one.program.startswith(f"{STORE_DIR}/") for one in named):
        tree = await read_tree(tree_digest)
    digests = {member.package.path: member.digest for member in closure}
    packages: dict[StorePath, Optional[Mapping[str, Entry]]] = dict.fromkeys(digests)
    chain = [image.field_set for image in plan.image.chain]
    mounts = [mount for image in chain for mount in image.runtime_mounts.value or ()]
    search = _search(plan.config, ImageContents(tree, packages), mounts)
    for one in named:
        while True:
            try:
                search.check(one.where, one.program)
                break
            except MembersNeeded as needed:
                package = needed.package
            except LadingError as error:
                raise about(plan.image.field_set.subject, error) from error
            listed = DigestSubset(digests[package], PathGlobs([MEMBERS_FILE]))
            (file,) = await Get(DigestContents, DigestSubset, listed)
            members = from_json(Members, file.content.decode("utf-8")).members
            packages[package] = {member.path: member for member in members}


def _search(config: ImageConfig, contents: ImageContents, mounts: list[str]) -> ProgramSearch:
    below = config.base.runtime_fields if config.base else {}
    return ProgramSearch(
        contents,
        path=config.environment.get("PATH", DEFAULT_PATH),
        working_dir=config.working_dir or below.get("WorkingDir") or "/",
        mounts=(*mounts, *config.volumes, *(below.get("Volumes") or {})),
    )


def _named(plan: ImagePlan) -> Iterator[_Named]:
    """The programs that the image's own fields name; a pulled base is not checked."""
    field_set, config = plan.image.field_set, plan.config
    below = config.base.runtime_fields if config.base else {}
    if config.entrypoint:
        # If the field is unset, a service's entrypoint is Lading's own.
        if field_set.entrypoint.value or plan.image.python is None:
            yield _first(field_set.entrypoint, config.entrypoint)
    elif config.cmd and (config.entrypoint is not None or not below.get("Entrypoint")):
        yield _first(field_set.cmd, config.cmd)
    if config.healthcheck is not None:
        form, *words = config.healthcheck.test
        if form == "CMD":
            yield _Named(f"`healthcheck` runs {shown(words[0])}", words[0])
        elif form == "CMD-SHELL":
            yield _Named(f"`healthcheck` has `CMD-SHELL`, which is run by {_SHELL}", _SHELL)


def _first(field: ListField, words: tuple[str, ...]) -> _Named:
    inherited = "" if field.value else ", which it has from its base,"
    return _Named(f"`{field.alias}`{inherited} begins with {shown(words[0])}", words[0])
