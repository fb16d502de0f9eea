import pytest

from lading.network.faults import UnavailableError
from lading.network.zone import Zone
from lading.registry.http.location import resolve_location
from lading.registry.place import Place

PLACE = Place("registry.example", "https", "registry.example", "app")
BASE = "https://registry.example/v2/app/blobs/uploads/"


@pytest.mark.parametrize(
    "location, url",
    [
        ("/v2/app/blobs/uploads/1", f"{BASE}1"),
        ("1?_state=a%3D%3D&b", f"{BASE}1?_state=a%3D%3D&b"),
        (f"{BASE}1", f"{BASE}1"),
        ("http://registry.example/v2/app/blobs/uploads/1", f"{BASE}1"),
        ("http://registry.example:80/v2/app/blobs/uploads/1", f"{BASE}1"),
        ("https://registry.example:443/v2/app/blobs/uploads/1", f"{BASE}1"),
        ("https://REGISTRY.example/v2/app/blobs/uploads/1", f"{BASE}1"),
        ("https://storage.example/a?signature=x", "https://storage.example/a?signature=x"),
        ("https://registry.example:5000/a", "https://registry.example:5000/a"),
    ],
)
def test_of_any_form(location: str, url: str) -> None:
    assert resolve_location(PLACE, BASE, location, Zone.INTERNET) == url


def test_where_a_port_is_written_it_counts() -> None:
    place = Place("registry.example:5000", "https", "registry.example:5000", "app")
    location = "https://registry.example:443/a"
    assert (
        resolve_location(place, "https://registry.example:5000/", location, Zone.INTERNET)
        == location
    )


@pytest.mark.parametrize(
    "location, reason",
    [
        ("http://storage.example/a", "storage.example over http"),
        ("https://me:secret@storage.example/a", "an address that holds a user name"),
        ("file:///etc/passwd", "neither https nor http"),
        ("http://[a", "an invalid address"),
        ("https://storage.example:x/a", "an invalid address"),
        ("https://127.0.0.1/a", "an address inside this network"),
    ],
)
def test_that_leads_astray(location: str, reason: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        resolve_location(PLACE, BASE, location, Zone.INTERNET)
    assert reason in raised.value.reason
    assert "secret" not in raised.value.reason
