from typing import Optional

import pytest

from lading.network.zone import Zone, zone_of_address, zone_of_host

OUT, IN, HERE = Zone.INTERNET, Zone.NETWORK, Zone.MACHINE


@pytest.mark.parametrize(
    "address, zone",
    [
        ("8.8.8.8", OUT),
        ("2606:4700::1111", OUT),
        ("10.0.0.1", IN),
        ("172.16.0.1", IN),
        ("192.168.0.1", IN),
        ("100.64.0.1", IN),
        ("fd00::1", IN),
        ("224.0.0.1", IN),
        ("ff02::1", IN),
        ("127.0.0.1", HERE),
        ("0.0.0.0", HERE),
        ("169.254.169.254", HERE),
        ("::1", HERE),
        ("::", HERE),
        # Clouds' metadata services.
        ("100.100.100.200", HERE),
        ("168.63.129.16", HERE),
        ("192.0.0.192", HERE),
        ("::ffff:168.63.129.16", HERE),
        ("fd00:ec2::254", HERE),
        ("fd20:ce::254", HERE),
        ("fe80::1%eth0", HERE),
        # Notations of IPv4 addresses in IPv6.
        ("::ffff:8.8.8.8", OUT),
        ("::ffff:10.0.0.1", IN),
        ("::ffff:127.0.0.1", HERE),
        ("::ffff:0:127.0.0.1", HERE),
        ("::127.0.0.1", HERE),
        ("64:ff9b::8.8.8.8", OUT),
        ("64:ff9b::10.0.0.1", IN),
        ("64:ff9b::169.254.169.254", HERE),
        ("64:ff9b:1::1", IN),
        ("2002:808:808::", IN),
        ("2002:a00:1::", IN),
        ("2002:7f00:1::", HERE),
        # Teredo: the client's address is inverted.
        ("2001:0:808:808:0:0:80ff:fffe", HERE),
    ],
)
def test_addresses(address: str, zone: Zone) -> None:
    assert zone_of_address(address) is zone


@pytest.mark.parametrize(
    "host, zone",
    [
        ("a.example", None),
        ("a.example:5000", None),
        ("127.0.0.1.example", None),
        ("localhost", HERE),
        ("LOCALHOST.:5000", HERE),
        ("a.localhost", HERE),
        ("127.1", HERE),
        ("2130706433", HERE),
        ("0x7f.1", HERE),
        ("[::1]:5000", HERE),
        ("[fd00::1]", IN),
        ("[", None),
        ("", None),
    ],
)
def test_hosts(host: str, zone: Optional[Zone]) -> None:
    assert zone_of_host(host) is zone
