import pytest

from lading.fetch.pinned_file import PinnedFile, request_from_json, request_to_json
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading.values.errors import LadingError

URL = SourceUrl.parse("mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz")
ONE = Sha256("1" * 64)
TWO = Sha256("2" * 64)


def test_a_request_is_read_as_it_was_written_in_the_order_of_names() -> None:
    full = PinnedFile("b", (URL, URL), ONE, 17, True, "20250520T000000Z", "bookworm")
    plain = PinnedFile("a", (URL,), TWO)
    text = request_to_json([full, plain])
    assert text == request_to_json([plain, full])
    assert request_from_json(text) == (plain, full)


def test_only_name_urls_and_sha256_are_required() -> None:
    text = f'{{"files": [{{"name": "a", "urls": ["{URL}"], "sha256": "{ONE.sri}"}}]}}'
    assert request_from_json(text) == (PinnedFile("a", (URL,), ONE),)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\x00"])
def test_a_name_that_leaves_the_directory_is_refused(name: str) -> None:
    with pytest.raises(LadingError, match="is not a file name"):
        PinnedFile(name, (URL,), ONE)


def test_no_url_is_refused() -> None:
    with pytest.raises(LadingError, match="a has no URL to fetch it from"):
        PinnedFile("a", (), ONE)


@pytest.mark.parametrize("snapshot", ["", "2025-05-20", "20250520T000000", "20250520T000000Z/.."])
def test_a_malformed_snapshot_is_refused(snapshot: str) -> None:
    with pytest.raises(LadingError, match="Write it like 20250520T000000Z"):
        PinnedFile("a", (URL,), ONE, snapshot=snapshot)


def test_two_files_of_one_name_are_refused_and_the_same_twice_is_one() -> None:
    assert request_from_json(request_to_json([PinnedFile("a", (URL,), ONE)] * 2)) == (
        PinnedFile("a", (URL,), ONE),
    )
    text = request_to_json([PinnedFile("a", (URL,), ONE), PinnedFile("a", (URL,), TWO)])
    with pytest.raises(LadingError, match="two different files are called a"):
        request_from_json(text)
