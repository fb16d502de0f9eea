import subprocess
from pathlib import Path
from typing import Dict

import pytest

from lading.debian.certificates import certificate_entries, subject_hash
from lading.files.entry import Entry
from lading.network.self_signed_testing import SELF_SIGNED
from lading.values.errors import LadingError

MOZILLA = "usr/share/ca-certificates/mozilla"


def make_certificate(directory: Path, subject: str, *options: str) -> bytes:
    """Created with the real openssl."""
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


def test_i10_the_bundle_of_a_base_keeps_its_certificates(tmp_path: Path) -> None:
    own, other = (make_certificate(tmp_path, f"/CN={name}") for name in ("own", "other"))
    subject = subject_hash("own", own)
    base = {
        path: Entry.symlink(path, target)
        for path, target in {
            f"etc/ssl/certs/{subject}.0": "Another_of_that_subject.pem",
            f"etc/ssl/certs/{subject_hash('other', other)}.0": "other.pem",
        }.items()
    }
    certificates = {f"{MOZILLA}/own.crt": own, f"{MOZILLA}/other.crt": other}
    bundle, *links = certificate_entries(certificates, b"# of the base\n" + other, base)
    assert bundle.data == b"# of the base\n" + other + own
    found = {link.path.rpartition("/")[2]: link.target for link in links}
    assert found[f"{subject}.1"] == "own.pem"
    assert f"{subject}.0" not in found
    assert found[f"{subject_hash('other', other)}.0"] == "other.pem"


def test_i10_a_bundle_that_is_not_known_stays() -> None:
    entries = certificate_entries({f"{MOZILLA}/A.crt": SELF_SIGNED.encode()}, b"")
    assert [entry.path for entry in entries if entry.data] == []
    assert entries
