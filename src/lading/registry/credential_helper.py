"""Programs that keep credentials (docker/docker-credential-helpers, README, Development)."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Mapping, Optional

from lading.registry.credential import Credential, credential_of

_TIMEOUT_SECONDS = 60


class HelperError(Exception):
    """The helper gives no credential, for a reason in few words. What it wrote is not told: it
    may hold a secret.
    """


@dataclass(frozen=True)
class CredentialHelper:
    """`docker-credential-<name>` on the PATH of `environment`, started in `directory`."""

    name: str
    environment: Mapping[str, str]
    directory: Optional[str] = None

    @property
    def program(self) -> str:
        return f"docker-credential-{self.name}"

    def get(self, key: str) -> Credential:
        """HelperError if it has none."""
        fields = self._ask(key)
        username, secret = fields.get("Username"), fields.get("Secret")
        if not isinstance(username, str) or not isinstance(secret, str) or not secret:
            raise HelperError("gave no user name and secret")
        return credential_of(username, secret)

    def _ask(self, key: str) -> Mapping[str, object]:
        program = shutil.which(self.program, path=self.environment.get("PATH", os.defpath))
        if program is None or "/" in self.name:
            raise HelperError("is not on the PATH")
        try:
            asked = subprocess.run(
                [program, "get"],
                input=key.encode("utf-8"),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=dict(self.environment),
                cwd=self.directory,
                timeout=_TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise HelperError(f"did not answer in {_TIMEOUT_SECONDS} seconds") from error
        except OSError as error:
            raise HelperError(f"can't be run: {error.strerror}") from error
        if asked.returncode:
            if b"credentials not found" in asked.stdout:
                raise HelperError("has no credentials for it")
            raise HelperError(f"failed with status {asked.returncode}")
        try:
            fields = json.loads(asked.stdout)
        except (ValueError, RecursionError) as error:
            raise HelperError("did not answer in JSON") from error
        if not isinstance(fields, dict):
            raise HelperError("did not answer with an object")
        return fields
