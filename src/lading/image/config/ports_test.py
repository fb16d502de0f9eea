import pytest

from lading.image.config.ports import parse_port
from lading.values.errors import LadingError


@pytest.mark.parametrize(
    "text, ports",
    [
        ("6379", ("6379/tcp",)),
        ("6379/tcp", ("6379/tcp",)),
        ("53/udp", ("53/udp",)),
        ("1-3/sctp", ("1/sctp", "2/sctp", "3/sctp")),
        ("65535", ("65535/tcp",)),
    ],
)
def test_ports(text: str, ports: "tuple[str, ...]") -> None:
    assert parse_port(text) == ports


@pytest.mark.parametrize(
    "text, reason",
    [
        ("http", "a number from 1 to 65535 is needed"),
        ("", "a number from 1 to 65535 is needed"),
        ("8080:80", "a number from 1 to 65535 is needed"),
        ("-1", "a number from 1 to 65535 is needed"),
        ("0", "ports go from 1 to 65535"),
        ("65536", "ports go from 1 to 65535"),
        ("80/http", "the protocol is one of tcp, udp, sctp"),
        ("80/", "the protocol is one of tcp, udp, sctp"),
        ("10-5", "the range goes backwards"),
        ("1-70000", "ports go from 1 to 65535"),
    ],
)
def test_bad_ports(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        parse_port(text)
    assert f"`exposed_ports` has {text!r}, but {reason}" in str(error.value)
