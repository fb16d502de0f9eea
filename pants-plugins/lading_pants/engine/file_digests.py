"""The digests by which Pants identifies files."""

from __future__ import annotations

from pants.engine.fs import DigestEntries, FileEntry


def file_digests(entries: DigestEntries) -> dict[str, str]:
    """Path to SHA-256 (hex) of the files. A process gets exactly these bytes."""
    return {
        entry.path: entry.file_digest.fingerprint
        for entry in entries
        if isinstance(entry, FileEntry)
    }
