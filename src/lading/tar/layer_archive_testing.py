"""Members of archives, valid or not."""


def raw(
    name: bytes = b"a",
    type: bytes = b"0",
    size: bytes = b"00000000000",
    target: bytes = b"",
    content: bytes = b"",
    **fields: bytes,
) -> bytes:
    """A member with exactly these values, valid or not. `fields` are `mode`, `uid`, `gid`, `mtime`,
    `magic`, `prefix` and `trailer`."""
    block = b"".join(
        [
            name.ljust(100, b"\0"),
            fields.get("mode", b"0000644").ljust(8, b"\0"),
            fields.get("uid", b"0000000").ljust(8, b"\0"),
            fields.get("gid", b"0000000").ljust(8, b"\0"),
            size.ljust(12, b"\0"),
            fields.get("mtime", b"00000000001").ljust(12, b"\0"),
            b" " * 8,
            type,
            target.ljust(100, b"\0"),
            fields.get("magic", b"ustar\00000"),
            bytes(80),
            fields.get("prefix", b"").ljust(155, b"\0"),
            fields.get("trailer", b"").rjust(12, b"\0"),
        ]
    )
    block = block[:148] + b"%06o\0 " % sum(block) + block[156:]
    return block + content + bytes(-len(content) % 512)


def sized(content: bytes) -> bytes:
    return b"%011o" % len(content)


def pax(data: bytes, type: bytes = b"x") -> bytes:
    return raw(b"PaxHeaders/x", type, sized(data), content=data)


def record(key: bytes, value: bytes) -> bytes:
    body = b" " + key + b"=" + value + b"\n"
    length = len(body) + len(str(len(body)))
    length += len(str(length)) - len(str(len(body)))
    return b"%d" % length + body


def long(type: bytes, text: bytes) -> bytes:
    return raw(b"././@LongLink", type, sized(text), content=text, magic=b"ustar  \0")
