"""Gets small files by URL: http, https and file."""

import time
from pathlib import Path
from typing import Optional
from urllib.parse import unquote, urlsplit

import requests

from lading.errors import LadingError

_TIMEOUT = 60  # seconds without a byte
_ATTEMPTS = 3
_GONE = (401, 403, 404, 410)


def get(url: str) -> Optional[bytes]:
    """The file's bytes, None if the server says that it has no such file for us.

    Tries again after faults of the network and of the server, then LadingError.
    """
    if url.startswith("file:"):
        path = Path(unquote(urlsplit(url).path))
        return path.read_bytes() if path.is_file() else None
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(2**attempt)
        try:
            response = requests.get(url, timeout=_TIMEOUT)
        except requests.RequestException as error:
            fault = str(error)
            continue
        if response.ok:
            return response.content
        if response.status_code in _GONE:
            return None
        fault = f"HTTP status {response.status_code}"
    raise LadingError(
        f"{url} cannot be read: {fault}. Try again later, or configure another mirror of Debian."
    )
