"""Bytes from elsewhere, which count only if they are those of a digest."""

from lading.fetch.client import Client, Wanted
from lading.fetch.part import Part
from lading.network.faults import WrongContentError
from lading.values.digest import Sha256


def save_verified(client: Client, url: str, part: Part, sha256: Sha256, wanted: Wanted) -> None:
    """Make `part` the file of this digest, going on behind what it has.

    UnavailableError if `url` does not give it. Wrong bytes are gone from `part` then; right ones
    stay, for the next place to go on from.
    """
    try:
        client.save(url, part, wanted)
        if part.sha256() != sha256 and part.is_pieced:
            part.restart()
            client.save(url, part, wanted)
        if part.sha256() != sha256:
            raise WrongContentError(
                f"its {part.size} bytes have the SHA-256 {part.sha256().hex} instead of "
                f"{sha256.hex}"
            )
    except WrongContentError:
        part.restart()
        raise
