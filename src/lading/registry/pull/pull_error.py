"""The error message for an image that no place provides."""

from dataclasses import dataclass
from typing import Optional, Sequence

from lading.image.reference import DEFAULT_REGISTRY
from lading.network.faults import GoneError, InsideError, UnavailableError, WrongContentError
from lading.registry.answer import DeniedError
from lading.registry.auth.credentials import Found
from lading.registry.place import Place
from lading.registry.reference import Reference
from lading.values.errors import LadingError
from lading.values.foreign_text import printable


@dataclass(frozen=True)
class Failure:
    """`found` is the credential that was found; None if the place never asked for one."""

    place: Place
    fault: UnavailableError
    found: Optional[Found]


def pull_error(reference: Reference, failures: Sequence[Failure]) -> LadingError:
    """`failures` are in the order in which the places were tried. The last is the registry's own,
    and the remedy is for it.
    """
    reasons = "; ".join(f"{one.place.host}: {one.fault.reason}" for one in failures)
    return LadingError(
        f"{reference} could not be pulled. {printable(reasons)}.{_remedy(reference, failures[-1])}"
    )


def _remedy(reference: Reference, failure: Failure) -> str:
    login = f"`docker login {failure.place.registry}`"
    if failure.place.registry == DEFAULT_REGISTRY:
        login = "`docker login`"
    if isinstance(failure.fault, DeniedError):
        looked = f" Of credentials, {failure.found.looked}." if failure.found else ""
        return (
            f"{looked} If the name is right and the image private, {login} with an account "
            "that may pull it."
        )
    if isinstance(failure.fault, GoneError):
        what = "digest" if reference.digest else "tag"
        return f" Check the name and the {what}: the registry has no such image."
    if isinstance(failure.fault, WrongContentError):
        return " The registry, or something before it, is broken: its bytes are not used."
    if isinstance(failure.fault, InsideError):
        return inside_remedy(failure.fault)
    if failure.fault.status == 429:
        return f" It limits how often you can pull: wait, {login}, or set `registry_mirrors`."
    return ""


def inside_remedy(fault: InsideError) -> str:
    return (
        f" If you expect that, add {fault.host!r} to `[lading].insecure_registries`, which allows "
        "http to it as well."
    )
