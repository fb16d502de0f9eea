"""Derivations: everything that determines a store package, and its hash.

The store path follows from the derivation as in Nix ("store-path.md"): SHA-256, folded to 20 bytes,
in Nix's base-32. The hashed text is canonical JSON instead of an ATerm.
"""

import json
from dataclasses import asdict, dataclass
from typing import Tuple

from lading.values import nix32
from lading.values.digest import Sha256
from lading.values.path import STORE_DIR, StorePath, check_store_name


@dataclass(frozen=True)
class SourceInput:
    """A source, identified by content. `name` is the file's name, which decides how it is unpacked.

    `digest` also says what it identifies: `sha256:<hex>` a file, `executable:sha256:<hex>` a
    program, `tree:<hex>` Pants' digest of a directory.
    """

    name: str
    digest: str


@dataclass(frozen=True)
class Derivation:
    """Everything that determines a store package."""

    name: str
    version: str
    #: The OCI platform that it runs on, such as "linux/amd64".
    platform: str
    script: str
    env: Tuple[Tuple[str, str], ...]
    #: In the order of use: the first is unpacked and entered, the others lie beside it.
    sources: Tuple[SourceInput, ...]
    further_sources: Tuple[SourceInput, ...]
    patches: Tuple[SourceInput, ...]
    #: Store paths, which stand for derivations.
    dependencies: Tuple[StorePath, ...]
    #: The hash of the file system that the build sees at /usr.
    build_root: str
    #: The digest of the programs that run the build.
    builder: str
    strip: str

    @property
    def store_name(self) -> str:
        """The part of the store path after the hash."""
        return f"{self.name}-{self.version}" if self.version else self.name

    def to_json(self) -> str:
        """Canonical JSON: keys and sets sorted, no white space, ASCII."""
        fields = asdict(self)
        fields["env"] = dict(sorted(self.env))
        fields["dependencies"] = sorted(str(path) for path in self.dependencies)
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def store_path(self) -> StorePath:
        """Raises `LadingError` if a store path can't contain the name and version."""
        name = check_store_name(self.store_name)
        inner = Sha256.of(self.to_json().encode("ascii"))
        text = f"derivation:{inner}:{STORE_DIR}:{name}"
        return StorePath(nix32.encode(fold(Sha256.of(text.encode()).raw, 20)), name)


def fold(digest: bytes, size: int) -> bytes:
    """`digest` compressed to `size` bytes: byte i is XORed into byte i modulo `size`."""
    folded = bytearray(size)
    for index, byte in enumerate(digest):
        folded[index % size] ^= byte
    return bytes(folded)
