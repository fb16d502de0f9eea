"""Facts about the machine that programs need, kept out of all cache keys.

The cache key of a Pants process covers its argv, environment and input files. The interpreter, the
network settings and the mirrors differ between machines and must not be part of it. So they are in
a directory that Pants links into the sandbox as an append-only cache, which is not part of the key:

    .lading/machine/python        the interpreter, a small shell script
    .lading/machine/machine.json  the fields of `Machine`
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Mapping, Tuple

from lading.values.json_codec import read_json

#: The directory's path in the sandbox.
MACHINE_DIR = ".lading/machine"

#: Environment variables that affect how files are fetched. Keep this list short: other values mean
#: another directory, so a variable that differs between terminals would create new ones.
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
    # The location of credentials and of pip's configuration, and pip's own variables.
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

#: Additional variables that decide which credentials image registries get: their locations, and the
#: settings of credential helpers. Variables with secrets are left out, since the values are written
#: to a file.
REGISTRY_VARIABLES = (
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
    "PATH",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_CONFIG_DIR",
    "CLOUDSDK_CONFIG",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "PASSWORD_STORE_DIR",
)


@dataclass(frozen=True)
class Machine:
    """How this machine reaches the network.

    `environment` has the variables of `NETWORK_VARIABLES` that are set; for pulling images also
    those of `REGISTRY_VARIABLES`. `python_indexes` are the URLs of the Python package indexes
    (simple API) that Pants is configured with, `python_find_links` its directories or pages of
    links. If both are empty, pip's own configuration is used. `debian_mirrors` are base URLs that
    contain `pool/` and `dists/`, tried before apt's own. `registry_mirrors` has for a registry,
    such as `docker.io`, the mirrors to pull from before it, each as
    `[http[s]://]host[:port][/prefix]`. `insecure_registries` are the hosts (with port) that are
    reached over http. Credential helpers run in `build_root`, the directory that the user works in,
    since some look for their configuration there (rules_oci#896). With `debug`, programs log to
    standard error which addresses and credentials they use.
    """

    environment: Mapping[str, str]
    python_indexes: Tuple[str, ...] = ()
    python_find_links: Tuple[str, ...] = ()
    debian_mirrors: Tuple[str, ...] = ()
    registry_mirrors: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    insecure_registries: Tuple[str, ...] = ()
    build_root: str = ""
    debug: bool = False

    @classmethod
    def load(cls, directory: str = MACHINE_DIR) -> "Machine":
        """The machine that this program runs on; an empty description if the file is missing."""
        path = Path(directory, "machine.json")
        if not path.exists():
            return cls(environment={})
        return read_json(cls, path)
