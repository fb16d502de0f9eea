"""What the image must not contain: `must_not_contain=["//3rdparty/gcc", "gcc-*"]`."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Sequence

from lading.checks.outcome import Outcome
from lading.store.closure import why
from lading.store.package import StorePackage
from lading.values.path import StorePath


@dataclass(frozen=True)
class AbsenceCheck:
    """`text` is what the user wrote: an address, whose store path is `path`, or a pattern for names
    of store packages and Debian packages; for a pattern `path` is ""."""

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


def _explain(package: StorePackage, closure: Sequence[StorePackage]) -> str:
    """Says that the image contains it, and which references lead to it from what the image
    names."""
    known = {one.path: one for one in closure}
    referred = {reference for one in closure for reference in one.references}
    chains = (why(root, package.path, known) for root in known if root not in referred)
    chain = min(filter(None, chains), key=len, default=("the image, or its base, names it",))
    return "\n".join((f"{package.path} is in the image:", *(f"  {line}" for line in chain)))
