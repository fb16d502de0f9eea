from __future__ import annotations

import pytest
from pants.engine.addresses import Address
from pants.engine.target import InvalidTargetException

from lading.fetch.pinned_file import PinnedFile
from lading.network.source_url import SourceUrl
from lading.values.digest import Sha256
from lading_pants.fetch.fetch_url import FetchUrlTarget, pinned_file

ADDRESS = Address("3rdparty/redis", target_name="source")
URL = "mirror://debian/pool/main/r/redis/redis_7.0.15.orig.tar.gz"
SHA256 = Sha256("4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982")


def target(**fields: object) -> FetchUrlTarget:
    return FetchUrlTarget({"url": URL, "sha256": SHA256.hex, **fields}, ADDRESS)


def test_a_target_names_a_pinned_file() -> None:
    assert pinned_file(target()) == PinnedFile(
        "redis_7.0.15.orig.tar.gz", (SourceUrl.parse(URL),), SHA256
    )


@pytest.mark.parametrize("sha256", [SHA256.hex, SHA256.sri, SHA256.nix32, str(SHA256)])
def test_the_digest_may_be_in_any_form(sha256: str) -> None:
    assert pinned_file(target(sha256=sha256)).sha256 == SHA256


def test_several_urls_a_name_and_a_mode_can_be_given() -> None:
    urls = ["https://a.example/other", URL]
    file = pinned_file(target(url=urls, filename="tool", executable=True))
    assert [str(url) for url in file.urls] == urls
    assert (file.name, file.executable) == ("tool", True)
    assert pinned_file(target(url=urls)).name == "other"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"sha256": None}, "`sha256` is missing, so there is nothing to check the file against"),
        ({"sha256": ""}, "or write 64 zeros, and the error when the file is fetched shows"),
        ({"sha256": "abc"}, "`sha256` 'abc' is not a SHA-256: too short"),
        ({"sha256": SHA256.hex.upper()}, "hexadecimal digits must be lower-case"),
        ({"sha256": "sha512-abc"}, "sha512 is not supported"),
        ({"url": []}, "`url` is missing"),
        ({"url": {}}, "`url` is missing"),
        ({"url": None}, "`url` is missing"),
        ({"url": ""}, "`url` '' is not a URL to fetch from"),
        ({"url": "ftp://a.example/x"}, "unknown scheme 'ftp'"),
        ({"url": [URL, "mirror://gnu/x"]}, "no mirror 'gnu'; known are debian and pypi"),
        ({"url": "https://me:secret@a.example/x"}, "Put them into your `~/.netrc`"),
    ],
)
def test_a_bad_field_is_told_with_target_and_field(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidTargetException) as raised:
        target(**fields)
    (field,) = fields
    assert f" `fetch_url` 3rdparty/redis:source: `{field}` " in str(raised.value)
    assert reason in str(raised.value)


def test_the_type_of_a_field_is_checked() -> None:
    with pytest.raises(InvalidTargetException, match="'sha256' field in target"):
        target(sha256=7)
    with pytest.raises(InvalidTargetException, match="'url' field in target"):
        target(url=7)


@pytest.mark.parametrize("filename", ["", "..", "a/b"])
def test_a_filename_is_one_segment(filename: str) -> None:
    sentence = "`fetch_url` 3rdparty/redis:source: `filename` .* is not a file name"
    with pytest.raises(InvalidTargetException, match=sentence):
        target(filename=filename)
