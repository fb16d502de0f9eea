"""Certificates that an administrator installed for one registry (docker's certs.d).

    /etc/docker/certs.d/<host[:port]>/*.crt          authorities, in addition to the usual ones
    /etc/docker/certs.d/<host[:port]>/x.cert, x.key  client certificate and key
"""

import ssl
from pathlib import Path
from typing import Optional

from lading.network.metered_session import MeteredSession
from lading.values.errors import LadingError

CERTIFICATES_DIR = "/etc/docker/certs.d"


def has_certificates(host: str, directory: str = CERTIFICATES_DIR) -> bool:
    return any(Path(directory, host).glob("*.crt"))


def mount_certificates(
    session: MeteredSession, host: str, directory: str = CERTIFICATES_DIR
) -> None:
    """Make `session` use the certificates for `host`, if there are any.

    Raises LadingError if they can't be read.
    """
    context = _context(Path(directory, host))
    if context is not None:
        session.mount_context(f"https://{host}/", context)


def _context(directory: Path) -> Optional[ssl.SSLContext]:
    authorities = sorted(directory.glob("*.crt"))
    shown = sorted(directory.glob("*.cert"))
    if not authorities and not shown:
        return None
    context = ssl.create_default_context()
    for path in [*authorities, *shown]:
        try:
            if path.suffix == ".crt":
                context.load_verify_locations(path)
            else:
                context.load_cert_chain(path, path.with_suffix(".key"))
        except OSError as error:  # includes ssl.SSLError
            raise LadingError(
                f"The certificate {path} can't be used: {error.strerror or error}. Put a PEM "
                "file there (and beside a `.cert` its `.key`), or remove it."
            ) from error
    return context
