"""Programs that keep credentials (docker/docker-credential-helpers, README, Development)."""

import json
import os
import shutil
from dataclasses import dataclass
from typing import Mapping, Optional

from lading.registry.auth.asked_program import NoAnswerError, ask
from lading.registry.auth.credential import Credential, credential_of

#: The time limit of a helper; some ask the user for a password.
_SECONDS = 60


class HelperError(Exception):
    """The helper gives no credential, for a reason in a few words. Its output is not included,
    because it may contain a secret.
    """


@dataclass(frozen=True)
class CredentialHelper:
    """`docker-credential-<name>` on the PATH of `environment`, started in `directory`."""

    name: str
    environment: Mapping[str, str]
    directory: Optional[str] = None
    seconds: float = _SECONDS

    @property
    def program(self) -> str:
        return f"docker-credential-{self.name}"

    def get(self, key: str) -> Credential:
        """Raises HelperError if it has none."""
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
            asked = ask(
                [program, "get"],
                key.encode("utf-8"),
                self.seconds,
                self.environment,
                self.directory,
            )
        except NoAnswerError as error:
            raise HelperError(str(error)) from error
        except OSError as error:
            raise HelperError(f"can't be run: {error.strerror}") from error
        if asked.status:
            if b"credentials not found" in asked.output:
                raise HelperError("has no credentials for it")
            raise HelperError(f"failed with status {asked.status}")
        try:
            fields = json.loads(asked.output)
        except (ValueError, RecursionError) as error:
            raise HelperError("did not answer in JSON") from error
        if not isinstance(fields, dict):
            raise HelperError("did not answer with an object")
        return fields
