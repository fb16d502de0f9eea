"""The layers of a Python service: wheels below the image's own layer, its sources above."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterable, Optional

from pants.engine.addresses import Address
from pants.engine.fs import (
    EMPTY_DIGEST,
    AddPrefix,
    CreateDigest,
    Digest,
    DigestContents,
    DigestEntries,
    DigestSubset,
    FileEntry,
    MergeDigests,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.cache.unpacked_segments import SegmentFile
from lading.python.app import MAIN_FILE, Main, console_script
from lading.python.image_python import APP, BIG_WHEEL_LAYERS, PACKAGES, ImagePython
from lading.python.programs.app_main import AppRequest
from lading.python.programs.base_interpreter_main import BaseInterpreterRequest
from lading.python.programs.needs_main import NeedsRequest
from lading.python.programs.wheel_main import WheelDescription, WheelRequest
from lading.python.unpacked_interpreter import InterpreterFiles
from lading.python.wheel_name import WheelName
from lading.values.counted import counted
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading_pants.debian.debian_parts import DebianImagePart, find_compiler
from lading_pants.debian.image_debian import ImageDebian
from lading_pants.engine.file_digests import file_digests
from lading_pants.engine.platform import BuildPlatform
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.errors import TargetError, about
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.fetch.pinned_library import LIBZSTD
from lading_pants.image.image_layer import TREE_FILE, BuiltLayer, ImageLayer
from lading_pants.image.image_parts import PART_FILES, ImagePart, PartsLayerRequest
from lading_pants.image.image_references import ImageFieldSet, ImageReferences
from lading_pants.image.placed_layers import place_layers
from lading_pants.python.image_pex import (
    PexMain,
    PexParts,
    PexTarget,
    activated_wheels,
    find_pex,
)
from lading_pants.store.realise import (
    MEMBERS_FILE,
    SEGMENT_FILE,
    PlacedFiles,
    PlacedFilesRequest,
    StoreClosure,
    StorePackagesRequest,
    StorePaths,
)

_MICRO_FILE = "micro"
_WHEEL_FILE, _NEEDS_FILE = "wheel.json", "needs.json"
_SOURCES = "sources"
_INTERPRETER_FILE = "interpreter.tar"

# The size in bytes from which a wheel gets its own layer.
_BIG_WHEEL = 200_000

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class PlannedPython:
    """The Python that runs the image's service; `package` is the store package that has it, if one
    has."""

    python: ImagePython
    pex: PexTarget
    package: Optional[Address]

    @property
    def entrypoint(self) -> tuple[str, ...]:
        return (self.python.program, f"{APP}/{MAIN_FILE}")


@dataclass(frozen=True)
class PythonLayersRequest:
    """The layers of wheels on top of `layers`, which have `tree` and the Debian packages
    `debian`."""

    planned: PlannedPython
    layers: tuple[ImageLayer, ...]
    tree: Digest
    debian: tuple[DebianImagePart, ...]
    subject: str


@dataclass(frozen=True)
class PythonLayers:
    """`wheels` are layers, lowest first, and `tree` has the `TREE_FILE` up to them; `app` has the
    sources."""

    wheels: tuple[ImageLayer, ...]
    tree: Digest
    app: ImagePart


@dataclass(frozen=True)
class _InterpreterRequest:
    planned: PlannedPython
    layers: tuple[ImageLayer, ...]
    tree: Digest
    debian: tuple[DebianImagePart, ...]
    subject: str


@dataclass(frozen=True)
class _Interpreter:
    """Compiles modules; its segments are in `digest`. None if only the image's own layer, which is
    built later, can have it."""

    files: Optional[InterpreterFiles]
    digest: Digest


@dataclass(frozen=True)
class _WheelPartRequest:
    name: WheelName
    wheel: FileEntry
    program: str
    interpreter: _Interpreter
    subject: str


@dataclass(frozen=True)
class _WheelPart:
    """The part also has a `_NEEDS_FILE`. `scripts` and `has_path_files` are as in
    `lading.python.installed_wheel`; `size` is the wheel's, in bytes."""

    part: ImagePart
    name: WheelName
    size: int
    scripts: FrozenDict[str, str]
    has_path_files: bool


@dataclass(frozen=True)
class _NeedsRequest:
    wheels: tuple[_WheelPart, ...]
    interpreter: _Interpreter
    planned: PlannedPython
    tree: Digest
    subject: str


@dataclass(frozen=True)
class _NeedsMet:
    """The image has everything that native code in the wheels needs."""


@dataclass(frozen=True)
class _AppPartRequest:
    parts: PexParts
    main: Main
    has_path_files: bool
    interpreter: _Interpreter
    subject: str


async def plan_python(
    field_set: ImageFieldSet, found: ImageReferences, debian: Iterable[ImageDebian]
) -> Optional[PlannedPython]:
    """None unless the image is a service. `debian` are the Debian packages of the image and its
    bases."""
    if not field_set.pex.value:
        if field_set.python.value:
            raise TargetError(
                f"{field_set.subject}: `python` is for `pex`, which is unset. Set it, or remove "
                "`python`."
            )
        return None
    assert found.pex is not None, "the field is set"
    pex = await find_pex(found.pex, f"{field_set.subject}: `pex`")
    origin = f"{field_set.subject}: `python`"
    try:
        if found.python is not None:
            package = await Get(StorePaths, StorePackagesRequest((found.python,), origin))
            python = ImagePython.of_package(str(package.paths[0]), package.versions[0])
        elif field_set.python.value:
            python = ImagePython.at_path(field_set.python.value)
        else:
            python = ImagePython.of_debian(
                {package.name: package.version for image in debian for package in image.packages}
            )
    except LadingError as error:
        raise about(field_set.subject, error) from error
    return PlannedPython(python, pex, found.python)


async def _with_micro(python: ImagePython, interpreter: _Interpreter, subject: str) -> ImagePython:
    """With the version that a base's Python reports, if it can be asked."""
    if python.micro is not None or interpreter.files is None:
        return python
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.version_main",
            request=to_json(interpreter.files),
            arguments=(_MICRO_FILE,),
            inputs=interpreter.digest,
            output_files=(_MICRO_FILE,),
            description=f"Asking {python.program} for its version",
            subject=subject,
            level=LogLevel.DEBUG,
        ),
    )
    (micro,) = await Get(DigestContents, Digest, result.digest)
    return replace(python, micro=int(micro.content))


@rule
async def build_python_layers(
    request: PythonLayersRequest, platform: BuildPlatform
) -> PythonLayers:
    planned, subject = request.planned, request.subject
    machine = _MACHINES[platform.architecture]
    parts, interpreter = await MultiGet(
        Get(PexParts, PexTarget, planned.pex),
        Get(
            _Interpreter,
            _InterpreterRequest(planned, request.layers, request.tree, request.debian, subject),
        ),
    )
    python = await _with_micro(planned.python, interpreter, subject)
    try:
        activated = await activated_wheels(parts, python, machine)
        wheels = await MultiGet(
            Get(
                _WheelPart,
                _WheelPartRequest(
                    WheelName.parse(wheel.path), wheel, python.program, interpreter, subject
                ),
            )
            for wheel in activated
        )
    except LadingError as error:
        raise about(subject, error) from error
    try:
        main = _main(parts.main, wheels)
    except LadingError as error:
        raise about(subject, error) from error
    has_path_files = any(wheel.has_path_files for wheel in wheels)
    app, _ = await MultiGet(
        Get(ImagePart, _AppPartRequest(parts, main, has_path_files, interpreter, subject)),
        Get(_NeedsMet, _NeedsRequest(wheels, interpreter, planned, request.tree, subject)),
    )
    layers, tree = [], request.tree
    for group in _layer_groups(wheels):
        built = await Get(
            BuiltLayer,
            PartsLayerRequest(
                tuple(wheel.part for wheel in group), tree, _created_by(group), subject
            ),
        )
        layers.append(built.layer)
        tree = built.tree
    return PythonLayers(tuple(layers), tree, app)


def _main(main: PexMain, wheels: Iterable[_WheelPart]) -> Main:
    if main.script is not None:
        scripts = {name: text for wheel in wheels for name, text in wheel.scripts.items()}
        found = console_script(main.script, scripts)
    else:
        found = Main.parse(main.entry_point or "")
    return Main(found.module, found.function, main.args, main.env)


def _layer_groups(wheels: Iterable[_WheelPart]) -> list[tuple[_WheelPart, ...]]:
    """Small wheels together, then the big ones; equal groups in two images are equal layers."""
    by_size = sorted(wheels, key=lambda wheel: (-wheel.size, wheel.part.name))
    big = [wheel for wheel in by_size[:BIG_WHEEL_LAYERS] if wheel.size >= _BIG_WHEEL]
    small = [wheel for wheel in by_size if wheel not in big]
    groups = [tuple(sorted(small, key=lambda wheel: wheel.part.name))] if small else []
    return [*groups, *((wheel,) for wheel in big)]


def _created_by(wheels: tuple[_WheelPart, ...]) -> str:
    names = (f"{wheel.name.distribution} {wheel.name.version}" for wheel in wheels)
    return f"lading: {', '.join(names)}"


@rule
async def find_interpreter(request: _InterpreterRequest, platform: BuildPlatform) -> _Interpreter:
    planned = request.planned
    if planned.package is not None:
        origin = f"{request.subject}: `python`"
        closure = await Get(StoreClosure, StorePackagesRequest((planned.package,), origin))
        placed = await Get(PlacedFiles, PlacedFilesRequest(closure.members, SEGMENT_FILE))
        digests = file_digests(await Get(DigestEntries, Digest, placed.digest))
        segments = tuple(
            SegmentFile(path, digests[path])
            for member in closure.members
            for path in [f"{member.directory}/{SEGMENT_FILE}"]
        )
        files = InterpreterFiles(planned.python.program.lstrip("/"), segments)
        return _Interpreter(files, placed.digest)
    compiler = await find_compiler(request.debian)
    if compiler is not None and compiler.python.program == planned.python.program:
        return _Interpreter(compiler.files, compiler.digest)
    if request.tree == EMPTY_DIGEST:
        return _Interpreter(None, EMPTY_DIGEST)
    layers = await place_layers(request.layers)
    taken = BaseInterpreterRequest(
        program=planned.python.program.lstrip("/"),
        minor=planned.python.minor,
        directories=_library_directories(_MACHINES[platform.architecture]),
        layers=layers.blobs,
        tree=TREE_FILE,
    )
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.base_interpreter_main",
            request=to_json(taken),
            arguments=(LIBZSTD, _INTERPRETER_FILE),
            inputs=await Get(Digest, MergeDigests((layers.digest, request.tree))),
            immutable_inputs=layers.libraries,
            output_files=(_INTERPRETER_FILE,),
            description=f"Taking {planned.python.program} out of the base",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    (segment,) = await Get(DigestEntries, Digest, result.digest)
    assert isinstance(segment, FileEntry), "the program leaves a file"
    if segment.file_digest.serialized_bytes_length == 0:
        return _Interpreter(None, EMPTY_DIGEST)
    taken_out = SegmentFile(_INTERPRETER_FILE, segment.file_digest.fingerprint)
    files = InterpreterFiles(taken.program, (taken_out,))
    return _Interpreter(files, result.digest)


@rule
async def make_wheel_part(request: _WheelPartRequest, compressor: Compressor) -> _WheelPart:
    name, interpreter = request.name, request.interpreter
    wheel = await Get(Digest, CreateDigest([FileEntry(name.filename, request.wheel.file_digest)]))
    outputs = (*PART_FILES, _WHEEL_FILE, _NEEDS_FILE)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.wheel_main",
            request=to_json(WheelRequest(PACKAGES.lstrip("/"), request.program, interpreter.files)),
            arguments=(name.filename, COMPRESSOR, *outputs),
            inputs=await Get(Digest, MergeDigests((wheel, interpreter.digest))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=outputs,
            description=f"Unpacking and compiling {name.distribution} {name.version}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    contents = await Get(DigestContents, DigestSubset(result.digest, PathGlobs([_WHEEL_FILE])))
    described = from_json(WheelDescription, contents[0].content)
    directory = f"wheels/{name.distribution}"
    return _WheelPart(
        part=ImagePart(
            name.distribution, directory, await Get(Digest, AddPrefix(result.digest, directory))
        ),
        name=name,
        size=request.wheel.file_digest.serialized_bytes_length,
        scripts=FrozenDict(described.scripts),
        has_path_files=described.has_path_files,
    )


@rule
async def check_needs(request: _NeedsRequest, platform: BuildPlatform) -> _NeedsMet:
    directories = [wheel.part.directory for wheel in request.wheels]
    described = PathGlobs(
        f"{directory}/{file}" for directory in directories for file in (MEMBERS_FILE, _NEEDS_FILE)
    )
    merged = await Get(Digest, MergeDigests(wheel.part.digest for wheel in request.wheels))
    wheels = await Get(Digest, DigestSubset(merged, described))
    # The store has no directories where libraries are found for any purpose.
    is_of_store = request.planned.package is not None
    has_tree = not is_of_store and request.tree != EMPTY_DIGEST
    needs = NeedsRequest(
        needs=tuple(f"{directory}/{_NEEDS_FILE}" for directory in directories),
        wheels=tuple(f"{directory}/{MEMBERS_FILE}" for directory in directories),
        interpreter=request.interpreter.files if is_of_store else None,
        tree=TREE_FILE if has_tree else "",
        directories=_library_directories(_MACHINES[platform.architecture]),
        remedy=_remedy(request.planned),
    )
    tree = request.tree if has_tree else EMPTY_DIGEST
    interpreter = request.interpreter.digest if is_of_store else EMPTY_DIGEST
    await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.needs_main",
            request=to_json(needs),
            arguments=("checked",),
            inputs=await Get(Digest, MergeDigests((wheels, interpreter, tree))),
            output_files=("checked",),
            description="Looking for the libraries of wheels",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    return _NeedsMet()


def _library_directories(machine: str) -> tuple[str, ...]:
    """The directories that the dynamic loader of a Debian, or of an image made of one, searches."""
    triplet = f"{machine}-linux-gnu"
    roots = ("lib", "usr/lib", "usr/local/lib")
    return (*roots, *(f"{root}/{triplet}" for root in roots), "lib64", "usr/lib64")


def _remedy(planned: PlannedPython) -> str:
    if planned.package is not None:
        return (
            f"Add the package that has them to `dependencies` of {planned.package}, with links to "
            "them in its `lib`."
        )
    return "Add the Debian packages that have them to `debian_packages`, or use another base."


@rule
async def make_app_part(request: _AppPartRequest, compressor: Compressor) -> ImagePart:
    sources = request.parts.sources
    app = AppRequest(
        sources=_SOURCES,
        paths=sources.files,
        directory=APP.lstrip("/"),
        packages=PACKAGES.lstrip("/"),
        has_path_files=request.has_path_files,
        main=request.main,
        interpreter=request.interpreter.files,
    )
    placed = await Get(Digest, AddPrefix(sources.digest, _SOURCES))
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.app_main",
            request=to_json(app),
            arguments=(COMPRESSOR, *PART_FILES),
            inputs=await Get(Digest, MergeDigests((placed, request.interpreter.digest))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=PART_FILES,
            description=(
                f"Compiling {counted(len(sources.files), 'source')} of {request.main.module}"
            ),
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    directory = "app"
    return ImagePart("`pex`", directory, await Get(Digest, AddPrefix(result.digest, directory)))
