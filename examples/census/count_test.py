from census.count import summary


def test_nobody_is_counted() -> None:
    assert summary([]) == "no guests"


def test_letters_are_counted() -> None:
    assert summary(["Ada", "Grace"]) == "2 guests, 4.0 letters each, at most 5"
