"""Resolves an address that a user wrote to an existing target."""

from __future__ import annotations

import difflib
import posixpath
import re
from dataclasses import dataclass
from enum import Enum
from typing import Iterator, Optional

from pants.build_graph.address import MaybeAddress
from pants.engine.addresses import Address, AddressInput
from pants.engine.fs import PathGlobs, Paths
from pants.engine.internals.build_files import (
    AddressFamilyDir,
    BuildFileOptions,
    OptionalAddressFamily,
)
from pants.engine.internals.native_engine import (
    AddressParseException,
    InvalidAddressError,
    InvalidParametersError,
    InvalidSpecPathError,
    InvalidTargetNameError,
    UnsupportedWildcardError,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.engine.target import RegisteredTargetTypes
from pants.engine.unions import UnionMembership

from lading_pants.base_image.base_image import ALIAS as BASE_IMAGE
from lading_pants.errors import TargetError
from lading_pants.image.fields.image_field import ALIAS as IMAGE
from lading_pants.store.store_package_target import PackageNameField

_FILE_NAME = re.compile(r"(\w[\w.+-]*/)*\w[\w.+-]*\Z")

_MALFORMED = (
    AddressParseException,
    InvalidAddressError,
    InvalidParametersError,
    InvalidSpecPathError,
    InvalidTargetNameError,
    UnsupportedWildcardError,
)


class TargetKind(Enum):
    """The kind of target that a field accepts."""

    PACKAGE = "store package"
    IMAGE = "image"
    TARGET = "target"


@dataclass(frozen=True)
class NamedAddressRequest:
    """The target that `text` names in a field of the target `owner`.

    `origin` is the target and field that errors begin with.
    """

    text: str
    owner: Address
    origin: str
    kind: TargetKind = TargetKind.PACKAGE


@dataclass(frozen=True)
class NamedAddress:
    address: Address


@dataclass(frozen=True)
class _Suggestion:
    """A question that suggests a correction, or advice."""

    text: str
    missing: str = "does not exist"


@dataclass(frozen=True)
class StorePackageAliases:
    """The kinds of targets that are store packages, by their names in BUILD files."""

    aliases: tuple[str, ...]


@rule
def find_store_package_aliases(
    registered: RegisteredTargetTypes, union_membership: UnionMembership
) -> StorePackageAliases:
    return StorePackageAliases(
        tuple(
            target_type.alias
            for target_type in registered.types
            if target_type.class_has_field(PackageNameField, union_membership)
        )
    )


async def _suggestion(request: NamedAddressRequest, store: StorePackageAliases) -> _Suggestion:
    options = await Get(BuildFileOptions)
    # Read directly from the BUILD files: AllTargets would fail for any broken target, and report
    # that one instead.
    build_files = await Get(
        Paths,
        PathGlobs(
            (
                *(f"**/{pattern}" for pattern in options.patterns),
                *(f"!{pattern}" for pattern in options.ignores),
            )
        ),
    )
    directories = sorted({posixpath.dirname(file) for file in build_files.files})
    families = await MultiGet(
        Get(OptionalAddressFamily, AddressFamilyDir(directory)) for directory in directories
    )
    aliases = _aliases(request.kind, store)
    spellings = {
        spelling
        for optional in families
        if optional.address_family is not None
        for address, adaptor in optional.address_family.addresses_to_target_adaptors.items()
        if aliases is None or adaptor.type_alias in aliases
        for spelling in _spellings(address, request.owner)
    }
    files = await Get(Paths, PathGlobs(_files_meant(request)))
    if files.files and f":{request.text}" not in spellings:
        return _Suggestion(
            f'Declare one that has it, such as `file(name="x", source="{request.text}")`, '
            "and write `:x`.",
            missing="is a file and not a target",
        )
    near = difflib.get_close_matches(request.text, sorted(spellings), n=1)
    if near:
        return _Suggestion(f"Did you mean {near[0]}?")
    return _Suggestion("`./pants list ::` lists all targets.")


@rule
async def find_named_address(
    request: NamedAddressRequest, store: StorePackageAliases
) -> NamedAddress:
    try:
        parsed = AddressInput.parse(
            request.text,
            relative_to=request.owner.spec_path,
            description_of_origin=request.origin,
        )
    except _MALFORMED as error:
        raise TargetError(
            f"{request.origin} has {request.text!r}, which is not an address: write one such as "
            "`//3rdparty/redis`, or `:redis` for a target of the same BUILD file."
        ) from error
    maybe = await Get(MaybeAddress, AddressInput, parsed)
    if isinstance(maybe.val, Address):
        directory = AddressFamilyDir(maybe.val.spec_path)
        optional = await Get(OptionalAddressFamily, AddressFamilyDir, directory)
        family = optional.address_family
        if family is not None and maybe.val.target_name in family.target_names:
            _, adaptor = family.name_to_target_adaptors[maybe.val.target_name]
            aliases = _aliases(request.kind, store)
            if aliases is None or adaptor.type_alias in aliases:
                return NamedAddress(maybe.val)
            article = "an" if request.kind is TargetKind.IMAGE else "a"
            raise TargetError(
                f"{request.origin} refers to {request.text}, which is a `{adaptor.type_alias}` "
                f"target and not {article} {request.kind.value}: name a `{'` or `'.join(aliases)}`."
            )
    suggestion = await _suggestion(request, store)
    raise TargetError(
        f"{request.origin} refers to {request.text}, which {suggestion.missing}. {suggestion.text}"
    )


def _files_meant(request: NamedAddressRequest) -> tuple[str, ...]:
    """The path of the file that the text would name if it were a file beside the BUILD file."""
    if request.kind is not TargetKind.TARGET or not _FILE_NAME.match(request.text):
        return ()
    return (posixpath.join(request.owner.spec_path, request.text),)


def _aliases(kind: TargetKind, store: StorePackageAliases) -> Optional[tuple[str, ...]]:
    """The accepted kinds of targets; None if all are accepted."""
    if kind is TargetKind.PACKAGE:
        return store.aliases
    return (IMAGE, BASE_IMAGE) if kind is TargetKind.IMAGE else None


def _spellings(address: Address, owner: Address) -> Iterator[str]:
    """The ways to write `address` in the BUILD file of `owner`."""
    path, name = address.spec_path, address.target_name
    yield f"//{path}:{name}"
    if path.rpartition("/")[2] == name:
        yield f"//{path}"
    if path == owner.spec_path:
        yield f":{name}"
