"""What a program needs to know of the machine, kept out of every cache key.

The cache key of a Pants process covers its argv, environment and input files. Which interpreter
runs it, how the network is reached and where mirrors are differ between machines and must not
be in there. They lie in a directory that Pants links into the sandbox as an append-only cache
(append-only caches are no part of the key):

    .lading/machine/python        the interpreter, a small shell script
    .lading/machine/machine.json  the fields of `Machine`
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Mapping, Tuple

#: Where the sandbox sees the directory.
MACHINE_DIR = ".lading/machine"

#: Environment variables that decide how the network is reached.
NETWORK_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    # Where credentials and pip's configuration are, and what pip takes from the environment.
    "HOME",
    "NETRC",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "PIP_CONFIG_FILE",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
)


@dataclass(frozen=True)
class Machine:
    """How this machine reaches the network.

    `environment` holds those of `NETWORK_VARIABLES` that are set. `python_indexes` are the URLs
    of the Python package indexes (simple API) that Pants is configured with, `python_find_links`
    its directories or pages of links. Both may be empty: then pip's own configuration counts.
    `debian_mirrors` are base URLs that contain `pool/` and `dists/`, tried before apt's own.
    """

    environment: Mapping[str, str]
    python_indexes: Tuple[str, ...] = ()
    python_find_links: Tuple[str, ...] = ()
    debian_mirrors: Tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Machine":
        fields = json.loads(text)
        return cls(
            environment=dict(fields["environment"]),
            python_indexes=tuple(fields["python_indexes"]),
            python_find_links=tuple(fields["python_find_links"]),
            debian_mirrors=tuple(fields["debian_mirrors"]),
        )

    @classmethod
    def load(cls, directory: str = MACHINE_DIR) -> "Machine":
        """The machine this program runs on; an empty description where the file is missing."""
        path = Path(directory, "machine.json")
        if not path.exists():
            return cls(environment={})
        return cls.from_json(path.read_text(encoding="utf-8"))
