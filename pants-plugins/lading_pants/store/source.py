"""Sources of store packages: their identities and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Optional, Sequence

from pants.core.target_types import FileSourceField, ResourceSourceField
from pants.core.util_rules.source_files import SourceFiles, SourceFilesRequest
from pants.engine.addresses import Address, UnparsedAddressInputs
from pants.engine.fs import Digest, DigestEntries, FileEntry, MergeDigests, RemovePrefix
from pants.engine.rules import Get, MultiGet, rule
from pants.engine.target import (
    HydratedSources,
    HydrateSourcesRequest,
    SourcesField,
    Targets,
)

from lading.fetch.pinned_file import PinnedFile
from lading.store.derivation import SourceInput
from lading_pants.debian.debian import debian_file
from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest, TargetKind
from lading_pants.errors import TargetError
from lading_pants.fetch.fetch_debian import DebianPackageField
from lading_pants.fetch.fetch_url import FetchUrlSha256Field, pinned_file
from lading_pants.store.store_package_target import PatchesField


@dataclass(frozen=True)
class StoreSourceRequest:
    """The source that the address names; `subject` is the target and field that name it."""

    inputs: UnparsedAddressInputs
    subject: str


@dataclass(frozen=True)
class StoreSource:
    """A source before its bytes are needed. Exactly one of `pinned` and `digest` is set."""

    identity: SourceInput
    #: A file to fetch.
    pinned: Optional[PinnedFile]
    #: Files that exist here: a tree's at the root, or a single file called `identity.name`.
    digest: Optional[Digest]
    is_tree: bool
    #: The files that can be run.
    executables: tuple[str, ...]
    #: What errors of a fetch are about: the target with the file's URL and digest.
    subject: str


def _fetched(file: PinnedFile, subject: str) -> StoreSource:
    executables = (file.name,) if file.executable else ()
    kind = "executable:" if file.executable else ""
    return StoreSource(
        SourceInput(file.name, f"{kind}{file.sha256}"), file, None, False, executables, subject
    )


async def _local_source(targets: Targets, subject: str) -> StoreSource:
    sources = await Get(
        SourceFiles,
        SourceFilesRequest(
            (target.get(SourcesField) for target in targets),
            for_sources_types=(FileSourceField, ResourceSourceField, SourcesField),
            enable_codegen=True,
        ),
    )
    files = sources.snapshot.files
    if not files:
        names = ", ".join(str(target.address) for target in targets)
        raise TargetError(
            f"{subject} names {names}, which has no files: name a `fetch_url`, a "
            "`fetch_debian`, or a target with sources such as `files`."
        )
    parent = _common_parent(targets, files)
    digest = await Get(Digest, RemovePrefix(sources.snapshot.digest, parent))
    entries = await Get(DigestEntries, Digest, digest)
    executables = tuple(
        sorted(
            entry.path for entry in entries if isinstance(entry, FileEntry) and entry.is_executable
        )
    )
    is_tree = len(files) > 1
    name = targets[0].address.target_name if is_tree else PurePath(files[0]).name
    identity = SourceInput(name, f"tree:{digest.fingerprint}")
    return StoreSource(identity, None, digest, is_tree, executables, subject)


def _common_parent(targets: Targets, files: Sequence[str]) -> str:
    """The directory that the files are laid out below: the target's, if it contains all of them;
    for a single file, the file's own."""
    if len(files) == 1:
        return str(PurePath(files[0]).parent)
    parent = targets[0].address.spec_path
    return parent if all(PurePath(parent) in PurePath(file).parents for file in files) else ""


@rule
async def find_store_source(request: StoreSourceRequest) -> StoreSource:
    # Pants also reports unknown addresses, but makes no suggestions.
    owner = Address(request.inputs.relative_to or "", target_name="_")
    await MultiGet(
        Get(NamedAddress, NamedAddressRequest(text, owner, request.subject, TargetKind.TARGET))
        for text in request.inputs.values
    )
    targets = await Get(Targets, UnparsedAddressInputs, request.inputs)
    if len(targets) == 1:
        target = targets[0]
        if target.has_field(FetchUrlSha256Field):
            return _fetched(pinned_file(target), f"`{target.alias}` {target.address}")
        if target.has_field(DebianPackageField):
            return _fetched(await debian_file(target), f"`{target.alias}` {target.address}")
    return await _local_source(targets, request.subject)


@dataclass(frozen=True)
class PatchFilesRequest:
    """The files of several fields; the first field's are applied first."""

    fields: tuple[PatchesField, ...]


@dataclass(frozen=True)
class PatchFiles:
    """Patches in the order in which they are applied, at their paths in the repository."""

    digest: Digest
    paths: tuple[str, ...]
    identities: tuple[SourceInput, ...]


@rule
async def find_patches(request: PatchFilesRequest) -> PatchFiles:
    hydrated = await MultiGet(
        Get(HydratedSources, HydrateSourcesRequest(field)) for field in request.fields
    )
    digest = await Get(Digest, MergeDigests(sources.snapshot.digest for sources in hydrated))
    entries = await Get(DigestEntries, Digest, digest)
    digests = {
        entry.path: entry.file_digest.fingerprint
        for entry in entries
        if isinstance(entry, FileEntry)
    }
    # A file in two fields is applied once.
    paths = tuple(
        dict.fromkeys(
            path
            for sources in hydrated
            for path in sorted(sources.snapshot.files, key=lambda path: (PurePath(path).name, path))
        )
    )
    return PatchFiles(
        digest=digest,
        paths=paths,
        identities=tuple(
            SourceInput(PurePath(path).name, f"sha256:{digests[path]}") for path in paths
        ),
    )
