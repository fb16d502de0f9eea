import subprocess
from pathlib import Path
from typing import Dict

import pytest

from lading.debian.certificates import certificate_entries, subject_hash
from lading.errors import LadingError
from lading.fetch.self_signed_testing import SELF_SIGNED

MOZILLA = "usr/share/ca-certificates/mozilla"


def make_certificate(directory: Path, subject: str, *options: str) -> bytes:
    """By the real openssl."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", subject, "-keyout", "/dev/null", "-out", "certificate", *options),
        ],
        cwd=directory,
        check=True,
        capture_output=True,
    )
    return (directory / "certificate").read_bytes()


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        ("/C=US/O=Internet Security Research Group/CN=ISRG Root X1", ()),
        ("/O=  Many   Blanks  /CN=UPPER lower", ()),
        ("/CN=Főtanúsítvány ÄÖ", ("-utf8",)),
        ("/O=Two values+CN=one set+C=DE", ("-multivalue-rdn",)),
        ("/CN=" + "long " * 12, ()),
        ("/emailAddress=Somebody@Example.COM", ()),
    ],
)
def test_hashes_are_those_of_openssl(tmp_path: Path, subject: str, options: "tuple[str]") -> None:
    """rules_distroless#76, distroless#155: hashed certificates."""
    pem = make_certificate(tmp_path, subject, *options)
    printed = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash"], input=pem, capture_output=True, check=True
    )
    assert subject_hash("a", pem) == printed.stdout.decode().strip()


def test_the_bundle_and_links_of_update_ca_certificates() -> None:
    certificates = {
        f"{MOZILLA}/B_(x),y.crt": SELF_SIGNED.encode().rstrip(b"\n"),
        f"{MOZILLA}/A.crt": SELF_SIGNED.encode(),
    }
    entries = certificate_entries(certificates)
    assert entries[0].path == "etc/ssl/certs/ca-certificates.crt"
    assert entries[0].data == SELF_SIGNED.encode() * 2
    assert {entry.path: entry.target for entry in entries[1:]} == {
        "etc/ssl/certs/A.pem": f"/{MOZILLA}/A.crt",
        "etc/ssl/certs/B_=x=_y.pem": f"/{MOZILLA}/B_(x),y.crt",
        "etc/ssl/certs/ce275665.0": "A.pem",
        "etc/ssl/certs/ce275665.1": "B_=x=_y.pem",
    }


BAD: Dict[bytes, str] = {
    b"": "it has none",
    b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----": "index out of range",
    b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----": "it is cut off",
    b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----": "not enough values",
}


@pytest.mark.parametrize("pem", BAD)
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(LadingError, match=r"^/x.crt is not a certificate in PEM \("):
        subject_hash("x.crt", pem)
