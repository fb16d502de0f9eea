from lading.checks.size_check import SizeCheck
from lading.values.json_codec import from_json, to_json


def test_sizes() -> None:
    assert SizeCheck("max_size", 10).judge(10).passed
    assert SizeCheck("max_size", 10_000_000).judge(12_500_001).failures == (
        "size: expected at most 10.00 MB, actual 12.50 MB (2500001 bytes more)",
    )


def test_json_gives_it_back() -> None:
    assert from_json(SizeCheck, to_json(SizeCheck("x", 1))) == SizeCheck("x", 1)
