"""Closures (a set of packages with everything they refer to), and the rules that a closure must
obey."""

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from lading.store.package import StorePackage
from lading.values.errors import LadingError
from lading.values.path import StorePath


def closure_of(
    roots: Iterable[StorePath], known: Mapping[StorePath, StorePackage]
) -> Tuple[StorePackage, ...]:
    """The roots and everything they refer to, transitively, sorted by store path.

    `known` must have every path that is reached.
    """
    found: Dict[StorePath, StorePackage] = {}
    pending = list(roots)
    while pending:
        path = pending.pop()
        if path not in found:
            found[path] = known[path]
            pending.extend(found[path].references)
    return tuple(found[path] for path in sorted(found))


def why(
    start: StorePath, goal: StorePath, known: Mapping[StorePath, StorePackage]
) -> Tuple[str, ...]:
    """A shortest chain of references, one per line, as `nix why-depends` prints it."""
    previous: Dict[StorePath, Optional[StorePath]] = {start: None}
    queue: List[StorePath] = [start]
    for path in queue:
        for reference in known[path].references:
            if reference not in previous:
                previous[reference] = path
                queue.append(reference)
    lines: List[str] = []
    step = goal
    while (parent := previous.get(step)) is not None:
        package = known[parent]
        reason = package.reasons[package.references.index(step)]
        lines.append(f"{parent} refers to {step} in {reason!r}")
        step = parent
    return tuple(reversed(lines))


@dataclass(frozen=True)
class ReferenceRules:
    """What a package may refer to (Nix: `allowedReferences` and the like).

    `allowed` is None if anything is allowed; an empty tuple allows nothing. `max_closure_size` is
    in bytes of unpacked files.
    """

    allowed: Optional[Tuple[StorePath, ...]] = None
    disallowed: Tuple[StorePath, ...] = ()
    max_closure_size: Optional[int] = None

    def check(self, package: StorePackage, closure: Sequence[StorePackage]) -> None:
        """Raises `LadingError` for the first rule that `package` breaks.

        `disallowed` applies to the whole closure: whoever forbids the compiler in an image does not
        care which package brings it.
        """
        known = {member.path: member for member in closure}
        if self.allowed is not None:
            for path, reason in zip(package.references, package.reasons):
                if path not in self.allowed:
                    raise LadingError(
                        f"`allowed_references` does not list {path}, which the package refers to "
                        f"in {reason!r}: add its target, or remove the reference in `script`."
                    )
        for path in self.disallowed:
            if path in known:
                chain = "; ".join(why(package.path, path, known))
                raise LadingError(
                    f"`disallowed_references` forbids {path}, but {chain or 'it is the package'}: "
                    "remove the reference in `script`."
                )
        size = sum(member.unpacked_size for member in closure)
        if self.max_closure_size is not None and size > self.max_closure_size:
            largest = sorted(closure, key=lambda member: (-member.unpacked_size, member.path))[:3]
            parts = ", ".join(f"{member.path.name} {member.unpacked_size}" for member in largest)
            raise LadingError(
                f"`max_closure_size` is {self.max_closure_size} bytes, but the closure has {size} "
                f"(largest: {parts}): raise the limit, or drop references."
            )
