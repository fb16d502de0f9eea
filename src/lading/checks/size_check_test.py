from lading.checks.size_check import SizeCheck


def test_sizes() -> None:
    assert SizeCheck("max_size", 10).judge(10).passed
    assert SizeCheck("max_size", 10_000_000).judge(12_500_001).failures == (
        "size: expected at most 10.00 MB, actual 12.50 MB (2500001 bytes more)",
    )


def test_json_gives_it_back() -> None:
    assert SizeCheck.from_dict(SizeCheck("x", 1).to_dict()) == SizeCheck("x", 1)
