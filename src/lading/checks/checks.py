"""All checks of an image."""

from dataclasses import dataclass, replace
from itertools import chain
from typing import Iterable, Mapping, Tuple

from lading.checks.absence_check import AbsenceCheck
from lading.checks.command_check import CommandCheck
from lading.checks.config_check import ConfigCheck
from lading.checks.file_check import FileCheck
from lading.checks.license_check import LicenseCheck
from lading.checks.size_check import SizeCheck


@dataclass(frozen=True)
class Checks:
    """`unpacked` and `compressed` are limits for the image's size."""

    commands: Tuple[CommandCheck, ...] = ()
    files: Tuple[FileCheck, ...] = ()
    config: Tuple[ConfigCheck, ...] = ()
    licenses: Tuple[LicenseCheck, ...] = ()
    absent: Tuple[AbsenceCheck, ...] = ()
    unpacked: Tuple[SizeCheck, ...] = ()
    compressed: Tuple[SizeCheck, ...] = ()

    @classmethod
    def together(cls, parts: Iterable["Checks"]) -> "Checks":
        parts = tuple(parts)
        return cls(
            **{key: tuple(chain(*(vars(part)[key] for part in parts))) for key in vars(cls())}
        )

    def expanded(self, variables: Mapping[str, str]) -> "Checks":
        """With `variables`, which are the image's, filled into the checks that use names of
        variables."""
        return replace(
            self,
            commands=tuple(check.expanded(variables) for check in self.commands),
            files=tuple(check.expanded(variables) for check in self.files),
        )

    @property
    def need_layers(self) -> bool:
        """Whether the image's config and the descriptions of its layers are not enough."""
        named = any(not check.path for check in self.absent)
        users = any(check.key == "user" for check in self.config)
        return bool(self.commands or self.files or self.licenses or self.unpacked or named or users)
