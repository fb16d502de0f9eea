"""A DNS server that knows one name (RFC 1035)."""

import socketserver
import struct
import threading
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Iterator, Tuple

_PORT = 53  # resolv.conf(5) can't name another
_QUESTION = 12  # where it starts, behind the header
_TYPE_A, _CLASS_IN = 1, 1
_AUTHORITATIVE_ANSWER, _NAME_ERROR = 0x8500, 3
_NAME_OF_THE_QUESTION = 0xC000 | _QUESTION
_TTL_SECONDS = 60


@contextmanager
def dns_server(listen: str, name: str, address: IPv4Address) -> Iterator[None]:
    """Serve on the address `listen`; PermissionError for those who may not use port 53."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            socket.sendto(_answer(query, name, address), self.client_address)

    with socketserver.UDPServer((listen, _PORT), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _answer(query: bytes, name: str, address: IPv4Address) -> bytes:
    asked, kind, end = _question(query)
    is_known = asked == name
    records = b""
    if is_known and kind == _TYPE_A:
        head = (_NAME_OF_THE_QUESTION, _TYPE_A, _CLASS_IN, _TTL_SECONDS, len(address.packed))
        records = struct.pack(">HHHIH", *head) + address.packed
    flags = _AUTHORITATIVE_ANSWER | (0 if is_known else _NAME_ERROR)
    header = query[:2] + struct.pack(">HHHHH", flags, 1, 1 if records else 0, 0, 0)
    return header + query[_QUESTION:end] + records


def _question(query: bytes) -> Tuple[str, int, int]:
    """The name that is asked for, the type of records, and where the question ends."""
    labels, place = [], _QUESTION
    while query[place]:
        end = place + 1 + query[place]
        labels.append(query[place + 1 : end].decode("ascii").lower())
        place = end
    kind, _ = struct.unpack_from(">HH", query, place + 1)
    return ".".join(labels), kind, place + 5
