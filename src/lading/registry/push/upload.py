"""The upload of one blob into a repository (OCI distribution-spec, Pushing Blobs)."""

import re
from dataclasses import dataclass
from typing import Optional
from urllib.parse import urlencode, urlsplit, urlunsplit

from lading.network.body import whole_number
from lading.network.faults import GoneError, TransientError, UnavailableError, WrongContentError
from lading.registry.answer import DeniedError
from lading.registry.http.file_range import FileRange
from lading.registry.http.transport import Body
from lading.registry.push.push_connection import Answer, PushConnection
from lading.registry.tag_digest import announced_digest
from lading.values.digest import Sha256

#: In bytes. A blob up to this size is sent in one request, which is repeated if it is interrupted.
_LARGEST_WHOLE = 8 << 20

#: In bytes.
_SMALLEST_CHUNK = 1 << 20

_OCTETS = {"Content-Type": "application/octet-stream"}
_RANGE = re.compile(r"(?:bytes[ =])?0-(\d+)")


@dataclass(frozen=True)
class BlobFile:
    """The blob `digest`: the `size` bytes of the file at `path`."""

    path: str
    digest: Sha256
    size: int


class Upload:
    """Sends a blob that the registry does not have.

    A large one is sent in one PATCH, as docker does, since registries fail in many ways with
    several (aws/containers-roadmap#2831). If it is interrupted, the registry is asked how much it
    has and gets the rest; if it has kept nothing, chunks get smaller. distribution itself can't
    resume an upload after an interrupted PATCH ("upload resumed at wrong offset"), so the upload
    starts again. A registry that does not accept PATCH gets everything in one PUT.
    """

    def __init__(
        self, connection: PushConnection, blob: BlobFile, opened: Optional[Answer] = None
    ) -> None:
        """`opened` is the answer that opened the upload, if there was one."""
        self._connection = connection
        self._blob = blob
        self._location: Optional[str] = None
        self._offset = 0
        self._is_whole = blob.size <= _LARGEST_WHOLE
        self._chunk = max(blob.size, 1)
        self._least_chunk = 0
        self._is_interrupted = False
        self._is_perhaps_complete = False
        self._is_refused_once = False
        if opened is not None:
            self._open(opened)

    def run(self) -> None:
        """Raises UnavailableError if the registry refuses the blob."""
        url = self._connection.place.url("blobs", str(self._blob.digest))
        self._connection.persist(url, self._attempt, lambda: self._offset)

    def _attempt(self) -> None:
        try:
            if self._is_interrupted and self._is_done_after_all():
                return
            self._send()
        except TransientError:
            self._is_interrupted = True
            raise

    def _send(self) -> None:
        if self._location is None:
            self._open(self._connection.send("POST", self._connection.place.uploads_url()))
        if self._is_whole:
            self._finish(self._range(0, self._blob.size) if self._blob.size else b"")
            return
        while self._offset < self._blob.size:
            self._send_chunk()
        self._finish(b"")

    def _open(self, answer: Answer) -> None:
        if answer.location is None:
            raise UnavailableError("it opens an upload without giving its address")
        self._location = answer.location
        self._least_chunk = whole_number(answer.headers.get("OCI-Chunk-Min-Length", "")) or 0
        self._offset = 0

    def _restart(self, reason: str) -> TransientError:
        """The error to raise so that the upload starts again."""
        self._location = None
        self._offset = 0
        return TransientError(reason, 0)

    def _is_done_after_all(self) -> bool:
        """Find out whether the upload was complete before it was interrupted."""
        self._is_interrupted = False
        if self._is_perhaps_complete:
            self._is_perhaps_complete = False
            if self._connection.has_blob(self._blob.digest):
                return True
        if self._is_whole or self._location is None:
            self._location = None
            return False
        before = self._offset
        self._ask_offset(self._location)
        if self._offset <= before:
            self._shrink()
        return False

    def _ask_offset(self, location: str) -> None:
        """How many bytes the registry has. "0-0" may mean none or one byte, so the upload starts
        again."""
        try:
            answer = self._connection.send("GET", location)
            received = _received(answer)
        except UnavailableError:
            received = None
        if received is None or not 1 < received <= self._blob.size:
            self._location, self._offset = None, 0
            return
        self._location, self._offset = answer.location or location, received

    def _shrink(self) -> bool:
        smaller = max(self._chunk // 2, self._least_chunk, _SMALLEST_CHUNK)
        is_smaller = smaller < self._chunk
        self._chunk = min(smaller, self._chunk)
        return is_smaller

    def _send_chunk(self) -> None:
        assert self._location is not None
        size = min(max(self._chunk, self._least_chunk), self._blob.size - self._offset)
        end = self._offset + size
        headers = {**_OCTETS, "Content-Range": f"{self._offset}-{end - 1}"}
        body = self._range(self._offset, size)
        try:
            answer = self._connection.send("PATCH", self._location, headers, body)
        except UnavailableError as fault:
            raise self._patch_refused(fault) from fault
        if answer.status == 416:
            raise TransientError("it has different bytes from those sent", 0, 416)
        received = _received(answer)
        if received is not None and not self._offset < received <= end:
            # For example ECR at a second chunk (aws/containers-roadmap#2831).
            self._is_whole = True
            raise self._restart(f"it reports {received} bytes, but was sent {end}")
        self._location = answer.location or self._location
        self._offset = end if received is None else received

    def _patch_refused(self, fault: UnavailableError) -> Exception:
        if isinstance(fault, GoneError):
            return self._restart("it does not know the upload any more")
        if isinstance(fault, DeniedError) or fault.status is None:
            return fault
        if fault.status == 413:
            return self._restart(fault.reason) if self._shrink() else fault
        self._is_whole = True
        return self._restart(fault.reason)

    def _finish(self, body: Body) -> None:
        assert self._location is not None
        url = _with_digest(self._location, self._blob.digest)
        self._is_perhaps_complete = True
        try:
            answer = self._connection.send("PUT", url, _OCTETS, body)
        except UnavailableError as fault:
            raise self._put_refused(fault) from fault
        if answer.status == 416:
            raise self._restart("it has different bytes from those sent")
        announced = announced_digest(answer.headers)
        if announced not in (None, self._blob.digest):
            raise WrongContentError(f"it was sent {self._blob.digest}, but reports {announced}")

    def _put_refused(self, fault: UnavailableError) -> Exception:
        if isinstance(fault, GoneError):
            return self._restart("it does not know the upload any more")
        if isinstance(fault, DeniedError) or fault.status is None:
            return fault
        if fault.status == 413 and self._is_whole and self._shrink():
            self._is_whole = False
            return self._restart(fault.reason)
        if self._is_refused_once:
            return fault
        # Bytes may have been lost or changed on the way.
        self._is_refused_once = True
        return self._restart(fault.reason)

    def _range(self, start: int, size: int) -> FileRange:
        return FileRange(self._blob.path, start, size, self._connection.stop)


def _received(answer: Answer) -> Optional[int]:
    """The number of bytes that the registry says it has; None if it says nothing."""
    match = _RANGE.fullmatch(answer.headers.get("Range", "").strip())
    last = whole_number(match.group(1)) if match else None
    return None if last is None else last + 1


def _with_digest(location: str, digest: Sha256) -> str:
    """The rest of the query may be signed, so it is left unchanged."""
    parts = urlsplit(location)
    query = "&".join(filter(None, (parts.query, urlencode({"digest": str(digest)}))))
    return urlunsplit(parts._replace(query=query, fragment=""))
