"""Files in which docker and podman keep credentials: config.json, containers-auth.json."""

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Tuple

from lading.registry.auth.credential import (
    Credential,
    IdentityToken,
    RegistryToken,
    credential_of,
    normalised,
)
from lading.values.errors import LadingError


@dataclass(frozen=True)
class DockerConfig:
    """The keys of `helpers` (names of helpers) and `auths` are normalised."""

    path: str
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: Optional[str] = None
    auths: Mapping[str, Credential] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str) -> Optional["DockerConfig"]:
        """None if there is no such file. Raises LadingError if it can't be read."""
        try:
            with open(path, "rb") as file:
                return cls.parse(path, file.read())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LadingError(
                f"The credentials in {path} can't be read: {error.strerror}. Make the file "
                "readable, or point DOCKER_CONFIG to another directory."
            ) from error

    @classmethod
    def parse(cls, path: str, content: bytes) -> "DockerConfig":
        try:
            fields = json.loads(content or b"{}")
        except (ValueError, RecursionError) as error:
            raise _malformed(path, "it is not JSON") from error
        if not isinstance(fields, dict):
            raise _malformed(path, "it holds no JSON object")
        helpers = _object(path, fields, "credHelpers")
        for key, name in helpers.items():
            if not isinstance(name, str):
                raise _malformed(path, f"the helper of {key!r} in `credHelpers` is not a name")
        store = fields.get("credsStore")
        if store is not None and not isinstance(store, str):
            raise _malformed(path, "`credsStore` is not a name")
        return cls(
            path,
            {normalised(key): name for key, name in helpers.items() if name},
            store or None,
            _credentials(path, _object(path, fields, "auths")),
        )


def config_paths(environment: Mapping[str, str]) -> Tuple[str, ...]:
    """The files on this machine that may hold credentials, best first."""
    home = environment.get("HOME", "")
    paths: List[str] = []
    if environment.get("DOCKER_CONFIG"):
        paths.append(os.path.join(environment["DOCKER_CONFIG"], "config.json"))
    elif home:
        paths.append(os.path.join(home, ".docker/config.json"))
    if environment.get("REGISTRY_AUTH_FILE"):
        paths.append(environment["REGISTRY_AUTH_FILE"])
    if environment.get("XDG_RUNTIME_DIR"):
        paths.append(os.path.join(environment["XDG_RUNTIME_DIR"], "containers/auth.json"))
    if home:
        paths.append(os.path.join(home, ".config/containers/auth.json"))
    return tuple(paths)


def _object(path: str, fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name) or {}
    if not isinstance(found, dict):
        raise _malformed(path, f"`{name}` is not an object")
    return found


def _credentials(path: str, auths: Mapping[str, Any]) -> Mapping[str, Credential]:
    found = {key: _credential(path, key, entry) for key, entry in auths.items()}
    return {normalised(key): one for key, one in found.items() if one is not None}


def _credential(path: str, key: str, entry: Any) -> Optional[Credential]:
    """None for an entry without a secret: docker leaves such entries if it uses a store."""
    if not isinstance(entry, dict):
        raise _malformed(path, f"the entry of {key!r} in `auths` is not an object")
    names = ("auth", "username", "password", "identitytoken", "registrytoken")
    values = {name: entry.get(name) or "" for name in names}
    if not all(isinstance(value, str) for value in values.values()):
        raise _malformed(path, f"the entry of {key!r} in `auths` has a value that is not text")
    username, secret = values["username"], values["password"]
    if values["auth"]:
        username, secret = _decoded(path, key, values["auth"])
    if values["registrytoken"]:
        return RegistryToken(values["registrytoken"])
    if values["identitytoken"]:
        return IdentityToken(username, values["identitytoken"])
    return credential_of(username, secret) if username and secret else None


def _decoded(path: str, key: str, auth: str) -> Tuple[str, str]:
    """User and password from base-64 `user:password`, where the password may contain more colons
    (rules_oci#314).
    """
    try:
        text = base64.b64decode(auth, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        reason = f"`auth` of {key!r} is not base-64 of `user:password`"
        raise _malformed(path, reason) from error
    username, _, password = text.partition(":")
    return username, password.strip("\0")


def _malformed(path: str, reason: str) -> LadingError:
    return LadingError(
        f"The credentials in {path} can't be used: {reason}. Fix the file, or remove it and "
        "log in again."
    )
