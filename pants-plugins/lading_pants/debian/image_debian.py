"""The layer of an image with Debian packages at their usual paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    Digest,
    DigestSubset,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.debian.base_packages import base_packages
from lading.debian.layer_request import DebianLayerRequest
from lading.debian.lock.locked_packages import locked_closure
from lading.debs.package_list import PackageList
from lading.python.image_python import DebianPython
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.json_codec import to_json
from lading_pants.debian.debian import find_lock, pinned_file
from lading_pants.debian.debian_parts import (
    PACKAGE_FILE,
    DebianImagePart,
    DebianPackage,
    DebianPartRequest,
    compile_modules,
)
from lading_pants.engine.platform import BuildPlatform
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError, about
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.fetch.fetch import FetchedFiles, FetchFilesRequest
from lading_pants.image.image_layer import (
    LAYER_FILES,
    TREE_FILE,
    BuiltLayer,
    read_layer_output,
    read_tree,
)
from lading_pants.image.image_references import ImageFieldSet
from lading_pants.store.realise import MEMBERS_FILE

#: The report about the packages, beside the layer.
REPORT_FILE = "debian.json"

_BASE = "base"

#: Debian's names for directories of libraries (multiarch), by architecture.
_TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}


@dataclass(frozen=True)
class ImageDebianRequest:
    field_set: ImageFieldSet


@dataclass(frozen=True)
class ImageDebian:
    """The image's fields, and the packages with all their dependencies, by name."""

    packages: tuple[DebianPackage, ...] = ()
    suite: str = ""
    alternatives: FrozenDict[str, str] = FrozenDict()
    documentation: bool = False


@dataclass(frozen=True)
class ImageDebianLayerRequest:
    """The layer of `image` on top of `tree` and of the Debian packages `below` that Lading put
    there; `tools` are as in `ImageDebianLayer`."""

    image: ImageDebian
    tree: Digest
    below: tuple[DebianImagePart, ...]
    tools: tuple[DebianImagePart, ...]
    subject: str


@dataclass(frozen=True)
class _Packages:
    """The packages of an image that its bases from this repository lack: `added` are in its layer,
    `kept` are in a pulled base, in some version. `tools` are the packages of `kept` that are needed
    to run a Python in `added` here."""

    added: tuple[DebianPackage, ...]
    kept: tuple[DebianPackage, ...]
    tools: tuple[DebianPackage, ...]

    @classmethod
    def of(cls, request: ImageDebianLayerRequest, present: Mapping[str, str]) -> _Packages:
        """`present` are versions by name."""
        below = {part.package.name for part in request.below}
        packages = [package for package in request.image.packages if package.name not in below]
        kept = tuple(package for package in packages if package.name in present)
        added = tuple(package for package in packages if package.name not in present)
        python = DebianPython.find(package.name for package in added)
        tools = (package for package in kept if python and package.name in python.compiler)
        return cls(added, kept, tuple(tools))


@dataclass(frozen=True)
class ImageDebianLayer:
    """`parts` are the packages in the layer; `report` has `REPORT_FILE`. `tools` are needed to run
    a Python among them here, in place of packages in a pulled base."""

    built: BuiltLayer
    parts: tuple[DebianImagePart, ...]
    tools: tuple[DebianImagePart, ...]
    report: Digest


@rule
async def find_image_debian(request: ImageDebianRequest, platform: BuildPlatform) -> ImageDebian:
    field_set = request.field_set
    names = field_set.debian_packages.value
    if not names:
        return ImageDebian()
    if not field_set.debian_lock.value:
        raise TargetError(
            f"{field_set.subject}: `debian_packages` is set, but `debian_lock` is not. Set it to "
            "the address of the `debian_lock` that pins them."
        )
    lock = await find_lock(field_set.debian_lock, field_set.subject)
    try:
        wanted = PackageList.parse(names)
        packages = locked_closure(lock, platform.architecture, wanted.roots, wanted.left_out)
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return ImageDebian(
        packages=tuple(
            DebianPackage(package.name, package.version, pinned_file(package, lock))
            for package in packages
        ),
        suite=lock.suites[0],
        alternatives=field_set.alternatives.value or FrozenDict(),
        documentation=field_set.debian_documentation.value,
    )


async def _base_packages(tree: Digest, architecture: str, subject: str) -> Mapping[str, str]:
    """The installed packages, by dpkg's database, in an image with `tree`: versions by name."""
    found = await read_tree(tree)
    try:
        return base_packages(found.dpkg_status, architecture)
    except LadingError as error:
        raise about(subject, error) from error


async def _descriptions(parts: tuple[DebianImagePart, ...]) -> Digest:
    """What layers above must know about `parts`, without their segments."""
    merged = await Get(Digest, MergeDigests(part.part.digest for part in parts))
    globs = [f"**/{name}" for name in (MEMBERS_FILE, PACKAGE_FILE)]
    return await Get(Digest, DigestSubset(merged, PathGlobs(globs)))


async def _make_parts(
    packages: tuple[DebianPackage, ...], documentation: bool, subject: str
) -> tuple[DebianImagePart, ...]:
    """In the order of the packages."""
    fetched = await Get(
        FetchedFiles,
        FetchFilesRequest(
            tuple(package.file for package in packages),
            f"Fetching {counted(len(packages), 'Debian package')}",
            subject,
        ),
    )
    return await MultiGet(
        Get(DebianImagePart, DebianPartRequest(package, fetched.digest, documentation, subject))
        for package in packages
    )


@rule
async def make_debian_layer(
    request: ImageDebianLayerRequest, platform: BuildPlatform, compressor: Compressor
) -> ImageDebianLayer:
    image = request.image
    _check_below(request)
    present = await _base_packages(request.tree, platform.architecture, request.subject)
    packages = _Packages.of(request, present)
    wanted = (*packages.added, *packages.tools)
    made = await _make_parts(wanted, image.documentation, request.subject)
    parts, tools = made[: len(packages.added)], made[len(packages.added) :]
    compiling = (*request.below, *request.tools, *tools)
    bytecode = await compile_modules(parts, compiling, compressor, request.subject)
    described = await _descriptions(request.below)
    base = await Get(Digest, AddPrefix(request.tree, _BASE))
    inputs = [*(part.part.digest for part in parts), *(part.digest for part in bytecode)]
    layer = DebianLayerRequest(
        packages=tuple(part.to_request() for part in parts),
        below=tuple(part.to_request() for part in request.below),
        kept={package.name: present[package.name] for package in packages.kept},
        parts=tuple(part.files for part in bytecode),
        alternatives=image.alternatives,
        base_tree=f"{_BASE}/{TREE_FILE}" if request.tree != EMPTY_DIGEST else "",
        triplet=_TRIPLETS[platform.architecture],
        suite=image.suite,
    )
    outputs = (*LAYER_FILES, TREE_FILE, REPORT_FILE)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.programs.layer_main",
            request=to_json(layer),
            arguments=(COMPRESSOR, *outputs),
            inputs=await Get(Digest, MergeDigests((described, base, *inputs))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=outputs,
            description=f"Making a layer of {counted(len(parts), 'Debian package')}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    built = await read_layer_output(result.digest)
    report = await Get(Digest, DigestSubset(result.digest, PathGlobs([REPORT_FILE])))
    return ImageDebianLayer(built, parts, tools, report)


def _check_below(request: ImageDebianLayerRequest) -> None:
    """Raises TargetError if images of this repository have another version of a package."""
    below = {part.package.name: part.package for part in request.below}
    for package in request.image.packages:
        present = below.get(package.name, package)
        if present.version != package.version:
            raise TargetError(
                f"{request.subject}: `debian_packages` installs {package.name} {package.version}, "
                f"but `base` has version {present.version}. Use the `debian_lock` of the base."
            )
