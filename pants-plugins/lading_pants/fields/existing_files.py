"""Fields that name files which must exist."""

from __future__ import annotations

import os
from typing import Sequence

from pants.engine.target import InvalidFieldException, SourcesField


class ExistingFilesField(SourcesField):
    """A missing file is an error, even where Pants would only warn: without it, something else
    would be built."""

    def validate_resolved_files(self, files: Sequence[str]) -> None:
        super().validate_resolved_files(files)
        for glob in self.globs:
            path = os.path.normpath(os.path.join(self.address.spec_path, glob.lstrip("!")))
            if not glob.startswith("!") and "*" not in glob and path not in files:
                raise InvalidFieldException(
                    f"`{self.alias}` of {self.address} names {path}, which does not exist: "
                    "correct the name, or remove it."
                )
