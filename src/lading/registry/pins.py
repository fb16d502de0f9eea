"""The file that pins images which BUILD files name by tag.

    {
      "docker.io/library/debian:bookworm-slim": "sha256:..."
    }

Names are complete and sorted, one per line, so that changing a pin is one line of a diff.
"""

import json
from dataclasses import dataclass
from typing import Dict, Mapping, Optional

from lading.registry.reference import Reference, parse_digest
from lading.values.digest import Sha256
from lading.values.errors import LadingError

_REMEDY = "Run `./pants generate-lockfiles --resolve=base-images` to rewrite it."


@dataclass(frozen=True)
class Pins:
    """`digests` by name with tag, such as `docker.io/library/debian:bookworm-slim`."""

    digests: Mapping[str, Sha256]

    def digest(self, reference: Reference) -> Optional[Sha256]:
        """The digest of an image given by tag; None if it is not pinned here."""
        return self.digests.get(str(reference))

    def to_json(self) -> str:
        digests = {name: str(digest) for name, digest in self.digests.items()}
        return json.dumps(digests, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, path: str) -> "Pins":
        """Raises LadingError, which names the file `path`, for anything that `to_json` does not
        write."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LadingError(f"{path} is not JSON ({error}). {_REMEDY}") from error
        if not isinstance(fields, dict):
            raise LadingError(f"{path} is not a JSON object. {_REMEDY}")
        digests: Dict[str, Sha256] = {}
        for name, digest in fields.items():
            parsed = parse_digest(digest) if isinstance(digest, str) else None
            if parsed is None:
                raise LadingError(
                    f"{path} has {digest!r} for {name}, which is not the digest of an image. "
                    f"{_REMEDY}"
                )
            digests[name] = parsed
        return cls(digests)
