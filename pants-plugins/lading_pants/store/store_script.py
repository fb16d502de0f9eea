"""`store_script` as a kind of store package: from its text to a derivation, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable

from pants.engine.addresses import Address
from pants.engine.fs import (
    CreateDigest,
    Digest,
    DigestContents,
    DigestSubset,
    FileContent,
    PathGlobs,
)
from pants.engine.rules import Get, MultiGet, Rule, collect_rules, rule
from pants.engine.target import (
    FieldSet,
    HydratedSources,
    HydrateSourcesRequest,
    InferDependenciesRequest,
    InferredDependencies,
)
from pants.engine.unions import UnionRule
from pants.util.frozendict import FrozenDict

from lading.files.entry import Members
from lading.runtime.program_files import program_fingerprint
from lading.store.closure import ReferenceRules
from lading.store.derivation import Derivation
from lading.store.script import script_text
from lading.store.script_package import ScriptPackage
from lading.values.errors import LadingError
from lading.values.field_text import unindented
from lading.values.interpolation import references, substitute
from lading.values.json_codec import from_json, to_json
from lading_pants.engine.named_address import NamedAddress, NamedAddressRequest
from lading_pants.engine.platform import BuildPlatform
from lading_pants.errors import TargetError, about
from lading_pants.store.derivation import DeriveRequest
from lading_pants.store.realise import (
    MEMBERS_FILE,
    PACKAGE_FILE,
    SEGMENT_FILE,
    BuildInputs,
    BuildInputsRequest,
    BuildRequest,
    BuildResult,
)
from lading_pants.store.store_package_target import PackageNameField
from lading_pants.store.store_script_target import (
    InterpreterField,
    ScriptSourceField,
    ScriptTextField,
    StoreScriptTarget,
)

# The module that makes the package; its digest is part of the derivation.
_BUILDER = "lading.store.script_package"


@dataclass(frozen=True)
class DeriveScript(DeriveRequest):
    marker = InterpreterField


@dataclass(frozen=True)
class BuildScript(BuildRequest):
    marker = InterpreterField


@dataclass(frozen=True)
class ScriptFieldSet(FieldSet):
    required_fields = (ScriptTextField, InterpreterField)

    text: ScriptTextField
    source: ScriptSourceField
    interpreter: InterpreterField

    @property
    def subject(self) -> str:
        """The beginning of error messages."""
        return f"`{StoreScriptTarget.alias}` {self.address}"

    def field_of(self, reference: str) -> str:
        """The alias of the field that has an interpolated address."""
        if reference in references(self.interpreter.value or ""):
            return self.interpreter.alias
        return self.source.alias if self.text.value is None else self.text.alias


class InferScriptDependencies(InferDependenciesRequest[ScriptFieldSet]):
    infer_from = ScriptFieldSet


@dataclass(frozen=True)
class _Template:
    """A whole script, in which addresses stand for store paths. `interpolated` has their targets by
    the text of the address, such as `//3rdparty/bash`."""

    text: str
    interpolated: FrozenDict[str, Address]


async def _script(field_set: ScriptFieldSet) -> str:
    if field_set.text.value is not None:
        return unindented(field_set.text.value)
    hydrated = await Get(HydratedSources, HydrateSourcesRequest(field_set.source))
    (file,) = await Get(DigestContents, Digest, hydrated.snapshot.digest)
    try:
        return file.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TargetError(
            f"{field_set.subject}: `source` is {file.path}, which is not text in UTF-8 (byte "
            f"{error.start}): save it as UTF-8, or install it by a `store_package`."
        ) from error


async def _template(field_set: ScriptFieldSet) -> _Template:
    script = await _script(field_set)
    try:
        text = script_text(script, field_set.interpreter.value or "")
        origins = {
            reference: f"{field_set.subject}: `{field_set.field_of(reference)}`"
            for reference in references(text)
        }
    except LadingError as error:
        raise about(field_set.subject, error) from error
    named = await MultiGet(
        Get(NamedAddress, NamedAddressRequest(reference, field_set.address, origin))
        for reference, origin in origins.items()
    )
    addresses = (entry.address for entry in named)
    return _Template(text, FrozenDict(zip(origins, addresses)))


@rule
async def infer_script_dependencies(request: InferScriptDependencies) -> InferredDependencies:
    template = await _template(request.field_set)
    return InferredDependencies(template.interpolated.values())


@rule
async def derive_script(request: DeriveScript, platform: BuildPlatform) -> Derivation:
    target = request.target.target
    field_set = ScriptFieldSet.create(target)
    template = await _template(field_set)
    paths = {
        dependency.target.target.address: str(dependency.path)
        for dependency in request.dependencies
    }
    for reference, address in template.interpolated.items():
        if address not in paths:
            raise TargetError(
                f"{field_set.subject}: `dependencies` excludes {address}, to which "
                f"`{field_set.field_of(reference)}` refers: remove that exclusion, or the "
                "reference."
            )
    return Derivation(
        name=target[PackageNameField].value or target.address.target_name,
        version="",
        platform=platform.oci,
        script=substitute(template.text, lambda text: paths[template.interpolated[text]]),
        env=(),
        sources=(),
        further_sources=(),
        patches=(),
        dependencies=request.dependency_paths,
        build_root="",
        builder=program_fingerprint(_BUILDER),
        strip="none",
    )


@rule
async def build_script(request: BuildScript) -> BuildResult:
    built = request.built
    inputs = await Get(BuildInputs, BuildInputsRequest(built))
    members = [package.member for package in inputs.dependencies]
    lists = await MultiGet(
        Get(DigestContents, DigestSubset(member.digest, PathGlobs([MEMBERS_FILE])))
        for member in members
    )
    packages = {
        member.package.path: from_json(Members, file.content.decode("utf-8")).members
        for member, (file,) in zip(members, lists)
    }
    try:
        script = ScriptPackage.of(built.derivation.script, built.path, packages)
    except LadingError as error:
        raise about(built.target.subject, error) from error
    # A few kilobytes, for which starting a process would take longer than the work.
    files = (
        FileContent(SEGMENT_FILE, script.segment),
        FileContent(PACKAGE_FILE, to_json(script.package).encode("utf-8")),
        FileContent(MEMBERS_FILE, to_json(Members(script.members)).encode("utf-8")),
    )
    return BuildResult(await Get(Digest, CreateDigest(files)), ReferenceRules())


def rules() -> Iterable[Rule | UnionRule]:
    return [
        *collect_rules(),
        UnionRule(InferDependenciesRequest, InferScriptDependencies),
        UnionRule(DeriveRequest, DeriveScript),
        UnionRule(BuildRequest, BuildScript),
    ]
