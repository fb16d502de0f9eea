"""How big the image may be, and what must not be in it.

    max_size="20 MB"
    must_not_contain=["//3rdparty/gcc", "gcc-*"]
"""

import fnmatch
import re
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

from lading.store.closure import why
from lading.store.package import StorePackage
from lading.store.path import StorePath
from lading.structure.image_files import ImageFiles
from lading.structure.outcome import Outcome, difference
from lading.structure.size import show_size

#: Where dpkg notes what is installed, and where images without dpkg do (distroless).
_DPKG_STATUS, _DPKG_DIRECTORY = "var/lib/dpkg/status", "var/lib/dpkg/status.d"

_PACKAGE = re.compile(r"^Package: *(\S+)", re.MULTILINE)
_STATUS = re.compile(r"^Status: *(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class SizeCheck:
    """`name` is the field that says so; `limit` is in bytes."""

    name: str
    limit: int

    def judge(self, size: int) -> Outcome:
        if size <= self.limit:
            return Outcome(self.name)
        return Outcome(
            self.name,
            (
                difference("size", f"at most {show_size(self.limit)}", show_size(size))
                + f" ({size - self.limit} bytes more)",
            ),
        )

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "SizeCheck":
        return cls(**fields)


@dataclass(frozen=True)
class AbsenceCheck:
    """`text` is what the user wrote: an address, whose store path is `path`, or a pattern for
    names of store packages and Debian packages; then `path` is ""."""

    text: str
    path: str

    @property
    def name(self) -> str:
        return f"must_not_contain {self.text}"

    def judge(self, closure: Sequence[StorePackage], debian: Sequence[str]) -> Outcome:
        return Outcome(
            self.name,
            (
                *(_explain(package, closure) for package in closure if self._is(package.path)),
                *(
                    f"the Debian package {name} is installed"
                    for name in debian
                    if not self.path and fnmatch.fnmatchcase(name, self.text)
                ),
            ),
        )

    def _is(self, path: StorePath) -> bool:
        if self.path:
            return str(path) == self.path
        without_version = re.sub(r"-[0-9][^-]*$", "", path.name)
        return any(fnmatch.fnmatchcase(name, self.text) for name in (path.name, without_version))

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "AbsenceCheck":
        return cls(**fields)


def _explain(package: StorePackage, closure: Sequence[StorePackage]) -> str:
    """That it is there, and by which references, from what the image itself names."""
    known = {one.path: one for one in closure}
    referred = {reference for one in closure for reference in one.references}
    chains = (why(root, package.path, known) for root in known if root not in referred)
    chain = min(filter(None, chains), key=len, default=("the image, or its base, names it",))
    return "\n".join((f"{package.path} is in the image:", *(f"  {line}" for line in chain)))


def dpkg_files(files: ImageFiles) -> Iterator[str]:
    """The keys of the files that say which Debian packages are installed."""
    paths = [_DPKG_STATUS]
    paths += [f"{_DPKG_DIRECTORY}/{name}" for name in files.names(_DPKG_DIRECTORY)]
    for path in paths:
        key = files.find_file(path)
        if key is not None and not path.endswith(".md5sums"):
            yield key


def debian_packages(files: ImageFiles) -> Tuple[str, ...]:
    """Names of the packages that are installed, sorted."""
    names = set()
    for key in dpkg_files(files):
        for paragraph in files.contents[key].decode("utf-8", "replace").split("\n\n"):
            name, status = _PACKAGE.search(paragraph), _STATUS.search(paragraph)
            # Where there is no status, as in distroless images, what is listed is there.
            if name and (not status or status[1].split()[-1:] == ["installed"]):
                names.add(name[1])
    return tuple(sorted(names))


def package_to_dict(package: StorePackage) -> Mapping[str, Any]:
    return {
        "path": str(package.path),
        "references": list(map(str, package.references)),
        "reasons": list(package.reasons),
    }


def package_from_dict(fields: Mapping[str, Any]) -> StorePackage:
    """What `AbsenceCheck` does not look at is left out."""
    return StorePackage(
        path=StorePath.parse(fields["path"]),
        references=tuple(map(StorePath.parse, fields["references"])),
        reasons=tuple(fields["reasons"]),
        segment_sha256="",
        segment_size=0,
        unpacked_size=0,
    )
