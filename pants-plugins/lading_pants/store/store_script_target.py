"""`store_script`: a script that names programs by their store paths."""

from __future__ import annotations

from pants.engine.target import (
    COMMON_TARGET_FIELDS,
    Dependencies,
    InvalidTargetException,
    OptionalSingleSourceField,
    StringField,
)
from pants.util.strutil import help_text

from lading.values.field_text import HELP
from lading_pants.fields.existing_files import ExistingFilesField
from lading_pants.fields.lading_target import LadingTarget
from lading_pants.fields.output_path import ScriptPathField
from lading_pants.store.store_package_target import PackageNameField


class ScriptTextField(StringField):
    alias = "text"
    help = help_text(
        f"""
        The script's text. Set either this or `source`.

        `{{//path/to:package}}` and `{{:package}}` stand for the store path of a package, as in
        `exec {{//3rdparty/redis}}/bin/redis-server`. All other braces stand for themselves; write
        `{{{{//x}}}}` for `{{//x}}`. {HELP}
        """
    )


class ScriptSourceField(ExistingFilesField, OptionalSingleSourceField):
    alias = "source"
    uses_source_roots = False
    help = help_text(
        """
        A file with the script, such as `entrypoint.sh`. Set either this or `text`. As in `text`,
        `{//path/to:package}` and `{:package}` stand for the store path of a package; the rest of
        the file is used as it is.
        """
    )


class InterpreterField(StringField):
    alias = "interpreter"
    help = help_text(
        """
        The program that runs the script, with its arguments, such as `{//3rdparty/bash}/bin/bash
        -e`. It becomes the script's `#!` line and replaces one that is there.

        If unset, the script must begin with a `#!` line. The line names either a program in the
        store or, like `#!/usr/bin/env bash`, a program in `bin` of one of the `dependencies`;
        Lading then writes its store path there.
        """
    )


class ScriptDependenciesField(Dependencies):
    alias = "dependencies"
    help = help_text(
        """
        Packages in which Lading looks for the program of the `#!` line, such as
        `["//3rdparty/bash"]`.

        Packages that the script names as `{//path/to:package}` need not be listed. An image that
        contains the script also contains the packages whose store paths are in its text, and no
        others.
        """
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
    help = help_text(
        """
        A script that names programs by their store paths. It becomes a store package of one
        executable file at `/store/<hash>-<name>`.

        An image runs `store_script(name="entrypoint.sh", ...)` with
        `entrypoint=["{:entrypoint.sh}"]`.
        """
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
