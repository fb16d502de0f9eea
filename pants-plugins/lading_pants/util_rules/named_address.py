"""From an address that a user wrote to a target that exists."""

from __future__ import annotations

import difflib
import posixpath
from dataclasses import dataclass
from typing import Iterator

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
from pants.engine.rules import Get, MultiGet, collect_rules, rule

from lading_pants.errors import TargetError
from lading_pants.targets.store_package import StorePackageTarget

_MALFORMED = (
    AddressParseException,
    InvalidAddressError,
    InvalidParametersError,
    InvalidSpecPathError,
    InvalidTargetNameError,
    UnsupportedWildcardError,
)


@dataclass(frozen=True)
class NamedAddressRequest:
    """The store package that `text` names in a field of the target `owner`.

    `origin` is the target and field that errors begin with.
    """

    text: str
    owner: Address
    origin: str


@dataclass(frozen=True)
class NamedAddress:
    address: Address


@dataclass(frozen=True)
class _UnknownAddress:
    request: NamedAddressRequest


@dataclass(frozen=True)
class _Suggestion:
    """A question that names what may have been meant, or an advice."""

    text: str


@rule
async def find_named_address(request: NamedAddressRequest) -> NamedAddress:
    try:
        parsed = AddressInput.parse(
            request.text,
            relative_to=request.owner.spec_path,
            description_of_origin=request.origin,
        )
    except _MALFORMED as error:
        raise TargetError(
            f"{request.origin} has {request.text!r}, which is not an address: {error}. Write one "
            "such as `//3rdparty/redis`."
        ) from error
    maybe = await Get(MaybeAddress, AddressInput, parsed)
    if isinstance(maybe.val, Address):
        directory = AddressFamilyDir(maybe.val.spec_path)
        optional = await Get(OptionalAddressFamily, AddressFamilyDir, directory)
        family = optional.address_family
        if family is not None and maybe.val.target_name in family.target_names:
            return NamedAddress(maybe.val)
    suggestion = await Get(_Suggestion, _UnknownAddress(request))
    raise TargetError(
        f"{request.origin} refers to {request.text}, which does not exist. {suggestion.text}"
    )


@rule
async def suggest_address(unknown: _UnknownAddress, options: BuildFileOptions) -> _Suggestion:
    # Straight from the BUILD files: AllTargets would stop at any target that is broken, and tell
    # of that one instead.
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
    spellings = {
        spelling
        for optional in families
        if optional.address_family is not None
        for address, adaptor in optional.address_family.addresses_to_target_adaptors.items()
        if adaptor.type_alias == StorePackageTarget.alias
        for spelling in _spellings(address, unknown.request.owner)
    }
    near = difflib.get_close_matches(unknown.request.text, sorted(spellings), n=1)
    if near:
        return _Suggestion(f"Did you mean {near[0]}?")
    return _Suggestion("`./pants list ::` shows the targets that there are.")


def _spellings(address: Address, owner: Address) -> Iterator[str]:
    """The ways to write `address` in the BUILD file of `owner`."""
    path, name = address.spec_path, address.target_name
    yield f"//{path}:{name}"
    if path.rpartition("/")[2] == name:
        yield f"//{path}"
    if path == owner.spec_path:
        yield f":{name}"


def rules():
    return collect_rules()
