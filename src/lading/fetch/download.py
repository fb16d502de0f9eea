"""Downloads a pinned file from any place that has it."""

from typing import Callable, List, Tuple

from lading.fetch.client import Client, Wanted
from lading.fetch.mirrors import places
from lading.fetch.partial_file import PartialFile
from lading.fetch.pinned_file import PinnedFile
from lading.fetch.verified import save_verified
from lading.network.faults import GoneError, UnavailableError, WrongContentError
from lading.network.source_url import printable_url
from lading.runtime.machine import Machine
from lading.values.errors import LadingError

_Failures = List[Tuple[str, UnavailableError]]


def download(
    part: PartialFile,
    file: PinnedFile,
    machine: Machine,
    client: Client,
    report: Callable[[str], None],
) -> None:
    """Complete `part`, so that it is `file` with the pinned content.

    Raises a LadingError with the reason for each place that did not provide it.
    """
    failures: _Failures = []
    for place in places(file, machine):
        url = place.url
        try:
            located = place.locate(client)
            url = located.url
            wanted = Wanted(file.size, zone=located.zone)
            save_verified(client, url, part, file.sha256, wanted)
        except UnavailableError as fault:
            failures.append((printable_url(url), fault))
            report(f"{printable_url(url)}: {fault.reason}")
        else:
            report(f"{file.name}: {_megabytes(part.size)} from {printable_url(url)}")
            return
    raise _not_fetched(file, failures)


def _not_fetched(file: PinnedFile, failures: _Failures) -> LadingError:
    if not failures:
        return LadingError(
            f"{file.name} can't be fetched from {file.urls[0]}: no Python package index is "
            "configured. Set `[python-repos].indexes` in pants.toml, or pip's `index-url`."
        )
    wrong = [failure for failure in failures if isinstance(failure[1], WrongContentError)]
    # If a place has another content, it does not matter that other places don't have the file.
    reasons = "; ".join(f"{url}: {fault.reason}" for url, fault in wrong or failures)
    return LadingError(f"{file.name} could not be fetched. {reasons}.{_remedy(file, failures)}")


def _remedy(file: PinnedFile, failures: _Failures) -> str:
    faults = [fault for _, fault in failures]
    if any(isinstance(fault, WrongContentError) for fault in faults):
        return " If the file was meant to change, pin its new digest."
    if file.resolve and any(isinstance(fault, GoneError) for fault in faults):
        return (
            f" Mirrors drop superseded packages: `./pants generate-lockfiles "
            f"--resolve={file.resolve} --lading-upgrade='*'` locks what they have now."
        )
    return ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
