"""The licence test of container-structure-test: copyright files that mention certain licences."""

from dataclasses import dataclass
from typing import Iterator, Tuple

from lading.checks.outcome import Outcome
from lading.checks.visible_files import VisibleFiles
from lading.files.kind import Kind

# The list of container-structure-test (pkg/types/v2/licenses.go).
_REFUSED = ("AGPL", "WTFPL")
_SPARED = ("libgnutls30",)
_DEBIAN_ROOT, _DEBIAN_FILE = "usr/share/doc", "copyright"


@dataclass(frozen=True)
class LicenseCheck:
    """`debian` means all directories of /usr/share/doc; each must have a copyright file."""

    debian: bool
    files: Tuple[str, ...]

    @property
    def name(self) -> str:
        return "licenseTests"

    def wanted(self, files: VisibleFiles) -> Tuple[str, ...]:
        """The keys of the files whose contents `judge` reads."""
        keys = (files.find_file(path) for path in self._paths(files))
        return tuple(key for key in keys if key is not None)

    def judge(self, files: VisibleFiles) -> Outcome:
        return Outcome(self.name, tuple(self._failures(files)))

    def _paths(self, files: VisibleFiles) -> Iterator[str]:
        for name in files.names(_DEBIAN_ROOT) if self.debian else ():
            key = files.find(f"{_DEBIAN_ROOT}/{name}", through_link=False)
            if key is not None and files.files[key].kind == Kind.DIRECTORY and name not in _SPARED:
                yield f"{_DEBIAN_ROOT}/{name}/{_DEBIAN_FILE}"
        for path in self.files:
            yield path.lstrip("/")

    def _failures(self, files: VisibleFiles) -> Iterator[str]:
        if self.debian and files.find(_DEBIAN_ROOT) is None:
            yield f"there is no directory /{_DEBIAN_ROOT}"
        for path in self._paths(files):
            content = files.read(path)
            if content is None:
                yield f"there is no file /{path}"
                continue
            text = content.decode("utf-8", "replace").upper()
            refused = [name for name in _REFUSED if name in text]
            if refused:
                yield f"/{path} contains {' and '.join(refused)}"
