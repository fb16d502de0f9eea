import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.network.faults import UnavailableError
from lading.network.safe_url import allows_http, check_url, is_local
from lading.network.zone import Zone

PUBLIC, PRIVATE, LOCAL = Zone.INTERNET, Zone.NETWORK, Zone.MACHINE
INSECURE = ("plain.example:5000", "10.1.2.3:9000")


@pytest.mark.parametrize(
    "host, local",
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("LOCALHOST:5000", True),
        ("127.0.0.1", True),
        ("127.9.9.9:5000", True),
        ("[::1]:5000", True),
        ("10.0.0.1", False),
        ("a.local", False),  # ggcr#2281
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("[", False),
    ],
)
def test_http_is_for_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local
    assert allows_http(host, INSECURE) is local


def test_http_is_for_hosts_called_insecure() -> None:
    assert allows_http("plain.example:5000", INSECURE)
    assert not allows_http("plain.example", INSECURE)


@pytest.mark.parametrize(
    "url, zone",
    [
        ("https://storage.example/x?signature=1", PUBLIC),
        ("https://8.8.8.8/x", PUBLIC),
        ("http://plain.example:5000/x", PUBLIC),
        ("http://10.1.2.3:9000/x", PUBLIC),
        ("http://127.0.0.1:9000/x", LOCAL),
        ("https://10.0.0.1/x", PRIVATE),
    ],
)
def test_where_a_registry_may_lead(url: str, zone: Zone) -> None:
    check_url(url, zone, INSECURE)


@pytest.mark.parametrize(
    "url, zone, reason",
    [
        ("http://storage.example/x", PUBLIC, "storage.example over http"),
        ("http://storage.example/x", LOCAL, "storage.example over http"),
        ("http://169.254.169.254/latest", LOCAL, "over http"),
        # ggcr#2243, #2293, #2295, #2349
        ("https://169.254.169.254/latest", PUBLIC, "an address inside this network"),
        ("http://127.0.0.1/x", PUBLIC, "an address inside this network"),
        ("http://localhost:8080/x", PUBLIC, "an address inside this network"),
        ("https://[::1]/x", PUBLIC, "an address inside this network"),
        ("https://10.0.0.1/x", PUBLIC, "an address inside this network"),
        ("https://127.1/x", PUBLIC, "an address inside this network"),
        ("https://2130706433/x", PUBLIC, "an address inside this network"),
        ("https://0x7f000001/x", PUBLIC, "an address inside this network"),
        # Notations of addresses that an earlier check accepted.
        ("https://%31%32%37.0.0.2/", PUBLIC, "which is not a host's name"),
        ("https://a.example\\@127.0.0.1/", PUBLIC, "holds a user name"),
        ("https://\u2460\u2461\u2466.0.0.1/", PUBLIC, "which is not a host's name"),
        ("https://[64:ff9b::7f00:1]/", PUBLIC, "an address inside this network"),
        ("https://[2002:a00:1::]/", PUBLIC, "an address inside this network"),
        ("https://[::10.0.0.1]/", PUBLIC, "an address inside this network"),
        ("https://[::ffff:169.254.169.254]/", PRIVATE, "an address inside this network"),
        ("https://localhost./", PUBLIC, "an address inside this network"),
        ("https://127.0.0.1./", PUBLIC, "an address inside this network"),
        ("https://0/", PUBLIC, "an address inside this network"),
        ("https://127.0.0.1/", PRIVATE, "an address inside this network"),
        ("https://169.254.169.254/", PRIVATE, "an address inside this network"),
        ("https://me:secret@a.example/x", PUBLIC, "holds a user name"),
        ("ftp://a.example/x", PUBLIC, "neither https nor http"),
        ("file:///etc/passwd", PUBLIC, "neither https nor http"),
        ("/token", PUBLIC, "neither https nor http"),
        ("", PUBLIC, "neither https nor http"),
        ("https://a.example:port/x", PUBLIC, "an invalid address"),
        ("https://[a.example/x", PUBLIC, "an invalid address"),
    ],
)
def test_where_a_registry_may_not_lead(url: str, zone: Zone, reason: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        check_url(url, zone, INSECURE)
    assert reason in raised.value.reason
    assert "secret" not in raised.value.reason


@given(st.text(alphabet="htps:/[]@.10xa?#%\\ ", max_size=30) | st.text(max_size=20))
def test_any_text_is_let_through_or_refused(url: str) -> None:
    try:
        check_url(url, PUBLIC, ())
    except UnavailableError:
        return
    assert url.lower().startswith("https://")
