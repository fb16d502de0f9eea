"""The content of a pax extended header about the member after it (POSIX.1-2017 pax)."""

import re
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple

from lading.files.layer_error import LayerError, unsound

_XATTR = b"SCHILY.xattr."
_SPARSE = b"GNU.sparse."
_REGION = (_SPARSE + b"offset", _SPARSE + b"numbytes")
_LENGTH = re.compile(rb"([1-9][0-9]{0,8}) ")
_INTEGER = re.compile(rb"-?[0-9]{1,19}")
_TIME = re.compile(rb"(-?[0-9]{1,19})(\.[0-9]*)?")


@dataclass(frozen=True)
class PaxRecords:
    """Values by key. An empty value means "not set", as in Go. Raises LayerError for malformed
    records."""

    records: Mapping[bytes, bytes]

    @classmethod
    def parse(cls, data: bytes) -> "PaxRecords":
        records: Dict[bytes, bytes] = {}
        regions: List[bytes] = []
        at = 0
        while at < len(data):
            match = _LENGTH.match(data, at)
            end = at + int(match.group(1)) if match else 0
            if match is None or not match.end() < end <= len(data) or data[end - 1 : end] != b"\n":
                raise unsound("malformed pax records")
            key, separator, value = data[match.end() : end - 1].partition(b"=")
            if not separator or not key or b"\0" in key:
                raise unsound("malformed pax records")
            at = end
            if key in _REGION:
                # Version 0.0 has many records with the same names.
                if key != _REGION[len(regions) % 2] or b"," in value:
                    raise unsound("malformed pax records")
                regions.append(value)
            else:
                records[key] = value
        if regions:
            records[_SPARSE + b"map"] = b",".join(regions)
        return cls(records)

    def sparse(self, key: bytes) -> bytes:
        """The value of a record of GNU tar about a file with holes; empty if it is not set."""
        return self.records.get(_SPARSE + key, b"")

    def text(self, key: bytes) -> Optional[bytes]:
        value = self.records.get(key)
        if value and b"\0" in value:
            raise _malformed(key, value)
        return value or None

    def integer(self, key: bytes) -> Optional[int]:
        value = self.records.get(key)
        if value and not _INTEGER.fullmatch(value):
            raise _malformed(key, value)
        return int(value) if value else None

    @property
    def mtime(self) -> Optional[int]:
        """Without fractions of a second."""
        value = self.records.get(b"mtime")
        match = _TIME.fullmatch(value) if value else None
        if value and not match:
            raise _malformed(b"mtime", value)
        return int(match.group(1)) if match else None

    @property
    def xattrs(self) -> Tuple[Tuple[str, bytes], ...]:
        return tuple(
            (key[len(_XATTR) :].decode("utf-8", "surrogateescape"), value)
            for key, value in sorted(self.records.items())
            if key.startswith(_XATTR) and value
        )


def _malformed(key: bytes, value: bytes) -> LayerError:
    return unsound(f"a header with the {key.decode()} {value[:40]!r}")
