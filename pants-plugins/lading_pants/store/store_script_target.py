"""`store_script`: a script that names programs by their store paths."""

from __future__ import annotations

from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    InvalidTargetException,
    OptionalSingleSourceField,
    StringField,
)

from lading.values.field_text import HELP
from lading_pants.fields.existing_files import ExistingFilesField
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.output_path import ScriptPathField
from lading_pants.store.store_package_target import PackageNameField


class ScriptTextField(StringField):
    alias = "text"
    help = (
        "The script. `{//path/to:package}` and `{:package}` stand for the store path of a "
        "package, as in `exec {//3rdparty/redis}/bin/redis-server`; all other braces stand for "
        "themselves, and `{{//x}}` gives `{//x}`." + HELP
    )


class ScriptSourceField(ExistingFilesField, OptionalSingleSourceField):
    alias = "source"
    uses_source_roots = False
    help = (
        "A file with the script, instead of `text`. `{//path/to:package}` and `{:package}` stand "
        "for the store path of a package in it, too; everything else is taken as it is."
    )


class InterpreterField(StringField):
    alias = "interpreter"
    help = (
        "What runs the script: a program with its arguments, such as "
        "`{//3rdparty/bash}/bin/bash -e`. It becomes the script's `#!` line, in place of one that "
        "it has. If unset, the script must begin with such a line: one that names a program of "
        "the store, or one like `#!/usr/bin/env bash` that names a program in the `bin` of one "
        "of the `dependencies`, whose store path is then written there."
    )


class ScriptDependenciesField(Dependencies):
    alias = "dependencies"
    help = (
        "Packages in which a program of the `#!` line is looked for. Those that the script names "
        "by `{//path/to:package}` are added by Lading, and need not be listed. An image that has "
        "the script has the packages whose store path is in its text, and only those."
    )


class StoreScriptTarget(LadingTarget):
    alias = "store_script"
    core_fields = (
        *COMMON_TARGET_FIELDS,
        ScriptPathField,
        PackageNameField,
        ScriptTextField,
        ScriptSourceField,
        InterpreterField,
        ScriptDependenciesField,
    )
    help = (
        "A script, with store paths put in for the packages that it names. It is a store package "
        "of one executable file, at `/store/<hash>-<name>`: the target "
        '`store_script(name="entrypoint.sh", ...)` is run by an image with '
        '`entrypoint=["{:entrypoint.sh}"]`.'
    )

    def validate(self) -> None:
        super().validate()
        text, source = self[ScriptTextField].value, self[ScriptSourceField].value
        if text is not None and source is not None:
            raise InvalidTargetException(
                f"`{self.alias}` {self.address}: `text` and `source` are both set: remove one."
            )
        if text is None and source is None:
            raise InvalidTargetException(
                f"`{self.alias}` {self.address}: neither `text` nor `source` is set: write the "
                "script into `text`, or name its file in `source`."
            )
