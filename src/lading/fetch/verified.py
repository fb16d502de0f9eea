"""Downloaded bytes, which are used only if they have the expected digest."""

from lading.fetch.client import Client, Wanted
from lading.fetch.partial_file import PartialFile
from lading.network.faults import WrongContentError
from lading.values.digest import Sha256


def save_verified(
    client: Client, url: str, part: PartialFile, sha256: Sha256, wanted: Wanted
) -> None:
    """Complete `part` with the file of this digest, continuing after what it has.

    Raises UnavailableError if `url` does not provide it. Wrong bytes are then removed from `part`;
    correct ones stay, so that the next place can continue from there.
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
