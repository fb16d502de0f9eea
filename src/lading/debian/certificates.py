"""What update-ca-certificates(8) makes of the certificates that packages have."""

import base64
import hashlib
import posixpath
import re
from types import MappingProxyType
from typing import Iterator, List, Mapping, Optional, Tuple

from lading.errors import LadingError
from lading.image.root_entry import RootEntry
from lading.store import members as kinds

#: Where packages have certificates, and where programs look for them.
SHARED, CERTIFICATES = "usr/share/ca-certificates", "etc/ssl/certs"

BUNDLE = f"{CERTIFICATES}/ca-certificates.crt"

_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL | re.MULTILINE
)
_SPECIAL = str.maketrans(" ,()", "__==")

# X.690: SEQUENCE, SET, and the strings that OpenSSL compares without regard to case and blanks
# (crypto/x509/x_name.c, ASN1_MASK_CANON), with how they are encoded.
_SEQUENCE, _SET, _UTF8, _VERSION = 0x30, 0x31, 0x0C, 0xA0
_TEXTS: Mapping[int, str] = {
    _UTF8: "utf-8",
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # T61String, as everybody takes it
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}


def certificate_entries(
    certificates: Mapping[str, bytes],
    bundle: Optional[bytes] = None,
    present: Mapping[str, RootEntry] = MappingProxyType({}),
) -> List[RootEntry]:
    """The bundle of all certificates, and links by name and by the hash of their subject, for
    OpenSSL. `certificates` are the files below `SHARED`, by path.

    `present` is what a base has, by path, and `bundle` its bundle, None if it has none, b"" if what
    it holds is not known: then it stays as it is.
    """
    ordered = sorted(certificates)
    known = set(_bodies(bundle or b""))
    added = [path for path in ordered if not known.issuperset(_bodies(certificates[path]))]
    names = {_link_name(path): path for path in ordered}
    links = {name: f"/{path}" for name, path in names.items()}
    taken = {
        posixpath.basename(path): entry.target
        for path, entry in present.items()
        if posixpath.dirname(path) == CERTIFICATES
    }
    for name, path in names.items():
        subject = subject_hash(path, certificates[path])
        number = 0
        while taken.get(f"{subject}.{number}", name) != name:
            number += 1
        taken[f"{subject}.{number}"] = links[f"{subject}.{number}"] = name
    entries = [
        RootEntry.symlink(f"{CERTIFICATES}/{name}", to) for name, to in sorted(links.items())
    ]
    if bundle == b"":
        return entries
    united = b"".join(
        text.rstrip(b"\n") + b"\n"
        for text in (*([bundle] if bundle else []), *(certificates[path] for path in added))
    )
    return [RootEntry(BUNDLE, kinds.FILE, 0o644, data=united), *entries]


def _bodies(pem: bytes) -> List[bytes]:
    """What identifies certificates, whatever stands around them and however lines are broken."""
    return [b"".join(body.split()) for body in _PEM.findall(pem)]


def subject_hash(path: str, pem: bytes) -> str:
    """What `openssl x509 -subject_hash` prints. LadingError if there is no certificate."""
    match = _PEM.search(pem)
    try:
        if match is None:
            raise ValueError("it has none")
        subject = _subject(base64.b64decode(match[1]))
        canonical = b"".join(_canonical_set(content) for _, content in _elements(subject))
    except (ValueError, IndexError) as error:
        raise LadingError(
            f"/{path} is not a certificate in PEM ({error}). Leave its package out, or put it into "
            "another directory."
        ) from error
    digest = hashlib.sha1(canonical).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _link_name(path: str) -> str:
    stem = posixpath.basename(path)
    return (stem[:-4] if stem.endswith(".crt") else stem).translate(_SPECIAL) + ".pem"


def _subject(der: bytes) -> bytes:
    """The RDNs of the subject: RFC 5280, 4.1, TBSCertificate."""
    (_, certificate), *_ = _elements(der)
    (_, signed), *_ = _elements(certificate)
    fields = [content for tag, content in _elements(signed) if tag != _VERSION]
    # serialNumber, signature, issuer, validity, subject
    return fields[4]


def _canonical_set(attributes: bytes) -> bytes:
    encoded = []
    for _, attribute in _elements(attributes):
        (kind, identifier), (tag, value) = _elements(attribute)
        if tag in _TEXTS:
            text = value.decode(_TEXTS[tag])
            # ASCII alone, as OpenSSL does.
            lowered = re.sub("[A-Z]", lambda letter: letter[0].lower(), text)
            value = re.sub(r"[ \t\n\v\f\r]+", " ", lowered).strip(" ").encode("utf-8")
            tag = _UTF8
        encoded.append(_element(_SEQUENCE, _element(kind, identifier) + _element(tag, value)))
    return _element(_SET, b"".join(sorted(encoded)))


def _elements(data: bytes) -> Iterator[Tuple[int, bytes]]:
    """Tags and contents, one after the other: X.690, 8.1."""
    offset = 0
    while offset < len(data):
        tag, length = data[offset], data[offset + 1]
        offset += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[offset : offset + count], "big")
            offset += count
        if offset + length > len(data):
            raise ValueError("it is cut off")
        yield tag, data[offset : offset + length]
        offset += length


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content
