import pytest

from lading.image.config.user import User
from lading.values.errors import LadingError


@pytest.mark.parametrize("text", ["redis", "0", "999:999", "redis:redis", "1000:wheel", "www-data"])
def test_users(text: str) -> None:
    assert str(User.parse(text)) == text


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "Write a name or an id"),
        ("a b", "Write a name or an id"),
        ("redis:", "Write a name or an id"),
        (":redis", "Write a name or an id"),
        ("1:2:3", "Write a name or an id"),
        ("-1", "Write a name or an id"),
        ("9a", "Write a name or an id"),
        ("2147483648", "the highest id is 2147483647"),
    ],
)
def test_bad_users(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        User.parse(text)
    assert f"`user` is {text!r}" in str(error.value) and reason in str(error.value)


def test_numbers_are_not_looked_up() -> None:
    assert not User.parse("999:999").has_names
    assert User.parse("999:redis").has_names
    assert User.parse("redis").has_names
