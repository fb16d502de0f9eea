"""Debian packages as parts of image layers, and the bytecode of their Python modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional

from pants.engine.fs import AddPrefix, Digest, DigestEntries, DigestSubset, MergeDigests, PathGlobs
from pants.engine.rules import Get, rule
from pants.util.frozendict import FrozenDict
from pants.util.logging import LogLevel

from lading.cache.unpacked_segments import SegmentFile
from lading.debian.layer_request import DebianPart as PartOfRequest
from lading.debian.programs import segment_main
from lading.fetch.pinned_file import PinnedFile
from lading.python.image_python import DebianPython
from lading.python.programs.tree_bytecode_main import TreeBytecodeRequest
from lading.python.unpacked_interpreter import InterpreterFiles
from lading.values.json_codec import to_json
from lading_pants.engine.file_digests import file_digests
from lading_pants.engine.program import ProgramRequest, ProgramResult
from lading_pants.fetch.compressor import COMPRESSOR, COMPRESSOR_DIRECTORY, Compressor
from lading_pants.image.image_parts import PART_FILES, ImagePart
from lading_pants.store.realise import SEGMENT_FILE

#: The description of a package, beside its part.
PACKAGE_FILE = "package.json"


@dataclass(frozen=True)
class DebianPackage:
    name: str
    version: str
    file: PinnedFile


@dataclass(frozen=True)
class DebianPartRequest:
    """A package as a part of layers, compressed once, however many layers it is in. `files` has its
    `.deb`, and maybe others."""

    package: DebianPackage
    files: Digest
    documentation: bool
    subject: str


@dataclass(frozen=True)
class DebianImagePart:
    """The part also has a `PACKAGE_FILE`."""

    package: DebianPackage
    part: ImagePart

    def to_request(self) -> PartOfRequest:
        return PartOfRequest(self.part.files, f"{self.part.directory}/{PACKAGE_FILE}")


@dataclass(frozen=True)
class DebianCompiler:
    """Compiles modules for a Python. `files` lie in `digest`."""

    python: DebianPython
    files: InterpreterFiles
    digest: Digest


@rule
async def make_part(request: DebianPartRequest, compressor: Compressor) -> DebianImagePart:
    package = request.package
    deb = await Get(Digest, DigestSubset(request.files, PathGlobs([package.file.name])))
    documentation = segment_main.DOCUMENTATION[request.documentation]
    outputs = (*PART_FILES, PACKAGE_FILE)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.debian.programs.segment_main",
            arguments=(package.file.name, documentation, COMPRESSOR, *outputs),
            inputs=deb,
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=outputs,
            description=f"Unpacking the Debian package {package.name}",
            subject=request.subject,
            level=LogLevel.DEBUG,
        ),
    )
    directory = f"debian/{package.name}"
    digest = await Get(Digest, AddPrefix(result.digest, directory))
    return DebianImagePart(package, ImagePart(package.name, directory, digest))


async def find_compiler(debian_parts: Iterable[DebianImagePart]) -> Optional[DebianCompiler]:
    """The compiler for the newest Python among the parts."""
    by_name = {debian.package.name: debian.part for debian in debian_parts}
    python = DebianPython.find(by_name)
    if python is None or not by_name.keys() >= set(python.compiler):
        return None
    parts = [by_name[name] for name in python.compiler]
    paths = tuple(f"{part.directory}/{SEGMENT_FILE}" for part in parts)
    merged = await Get(Digest, MergeDigests(part.digest for part in parts))
    digest = await Get(Digest, DigestSubset(merged, PathGlobs(paths)))
    digests = file_digests(await Get(DigestEntries, Digest, digest))
    segments = tuple(SegmentFile(path, digests[path]) for path in paths)
    files = InterpreterFiles(python.program.lstrip("/"), segments)
    return DebianCompiler(python, files, digest)


async def compile_modules(
    debian_parts: tuple[DebianImagePart, ...],
    below: tuple[DebianImagePart, ...],
    compressor: Compressor,
    subject: str,
) -> tuple[ImagePart, ...]:
    """The bytecode of the modules in `debian_parts`, for a Python among them or among `below`: one
    part, or none if there are no modules or no Python."""
    parts = [
        debian.part for debian in debian_parts if DebianPython.may_have_modules(debian.package.name)
    ]
    compiler = await find_compiler((*debian_parts, *below))
    if compiler is None or not parts:
        return ()
    segments = tuple(f"{part.directory}/{SEGMENT_FILE}" for part in parts)
    merged = await Get(Digest, MergeDigests(part.digest for part in parts))
    modules = await Get(Digest, DigestSubset(merged, PathGlobs(segments)))
    bytecode = TreeBytecodeRequest(segments, compiler.python.roots, compiler.files)
    result = await Get(
        ProgramResult,
        ProgramRequest(
            module="lading.python.programs.tree_bytecode_main",
            request=to_json(bytecode),
            arguments=(COMPRESSOR, *PART_FILES),
            inputs=await Get(Digest, MergeDigests((modules, compiler.digest))),
            immutable_inputs=FrozenDict({COMPRESSOR_DIRECTORY: compressor.digest}),
            output_files=PART_FILES,
            description="Compiling the Python modules of Debian packages",
            subject=subject,
            level=LogLevel.DEBUG,
        ),
    )
    directory = "bytecode"
    digest = await Get(Digest, AddPrefix(result.digest, directory))
    return (ImagePart("the bytecode of Debian packages", directory, digest),)
