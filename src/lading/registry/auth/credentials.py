"""The credentials that this machine has for a registry."""

import os
from dataclasses import dataclass
from typing import List, Mapping, Optional, Sequence

from lading.registry.auth.credential import Credential, helper_key, keys_of, normalised
from lading.registry.auth.credential_helper import CredentialHelper, HelperError
from lading.registry.auth.docker_config import DockerConfig, config_paths


@dataclass(frozen=True)
class Found:
    """`looked` lists, for messages, where credentials were looked up and with what result; it
    contains no secrets."""

    credential: Optional[Credential]
    looked: str


@dataclass(frozen=True)
class CredentialSource:
    """The places to look up credentials. Helpers run in `directory`, if there is one."""

    environment: Mapping[str, str]
    directory: str = ""

    def find(self, host: str, path: str) -> Found:
        """The credential for a repository of a registry. In each file of `config_paths`, its
        helper, its store and its `auths` are tried in that order.

        A helper that is missing, fails or has none is skipped, since the image may be public
        (rules_oci#731, #750, #816). Raises LadingError for a file that exists but can't be read.
        """
        notes: List[str] = []
        for file in config_paths(self.environment):
            config = DockerConfig.load(file)
            if config is None:
                continue
            credential = self._find_in(config, host, path, notes)
            if credential is not None:
                return Found(credential, notes[-1])
        return Found(None, "; ".join(notes) or "there is no file with credentials")

    def _find_in(
        self, config: DockerConfig, host: str, path: str, notes: List[str]
    ) -> Optional[Credential]:
        keys = keys_of(host, path)
        helper = next((config.helpers[key] for key in keys if key in config.helpers), None)
        for name in _distinct(helper, config.store):
            try:
                credential = self._helper(name).get(helper_key(host))
            except HelperError as error:
                notes.append(f"`docker-credential-{name}` of {config.path} {error}")
            else:
                notes.append(f"those of `docker-credential-{name}` of {config.path} were used")
                return credential
        for key in keys:
            if key in config.auths:
                notes.append(f"those for {key} in {config.path} were used")
                return config.auths[key]
        notes.append(f"{config.path} has none for {normalised(host)}")
        return None

    def _helper(self, name: str) -> CredentialHelper:
        directory = self.directory if os.path.isdir(self.directory) else None
        return CredentialHelper(name, self.environment, directory)


def _distinct(*names: Optional[str]) -> Sequence[str]:
    return list(dict.fromkeys(name for name in names if name))
