import pytest

from lading.image.config.stop_signal import SIGNALS, parse_stop_signal
from lading.values.errors import LadingError


@pytest.mark.parametrize("text", [*SIGNALS, "SIGRTMIN+3", "SIGRTMAX-1", "9", "64"])
def test_signals(text: str) -> None:
    assert parse_stop_signal(text) == text


@pytest.mark.parametrize(
    "text, hint",
    [
        ("TERM", "Did you mean `SIGTERM`?"),
        ("SIGTREM", "Did you mean `SIGTERM`?"),
        ("sigint", "Did you mean `SIGINT`?"),
        ("0", "or a number"),
        ("65", "or a number"),
        ("", "or a number"),
        ("SIGZZZZZZZZZ", "or a number"),
    ],
)
def test_bad_signals(text: str, hint: str) -> None:
    with pytest.raises(LadingError) as error:
        parse_stop_signal(text)
    assert hint in str(error.value)
