"""What Pants names files by."""

from __future__ import annotations

from pants.engine.fs import DigestEntries, FileEntry


def file_digests(entries: DigestEntries) -> dict[str, str]:
    """Path to SHA-256 (hex) of the files. Pants gives a process no other bytes."""
    return {
        entry.path: entry.file_digest.fingerprint
        for entry in entries
        if isinstance(entry, FileEntry)
    }
