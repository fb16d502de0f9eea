import pytest

from lading.image.root.account_files import AccountFiles
from lading.image.root.owner import Owner
from lading.values.errors import LadingError

ACCOUNTS = AccountFiles("redis:x:999:998::/:\n", "web:x:80:\n")


@pytest.mark.parametrize(
    "text, ids",
    [("redis:web", (999, 80)), ("5:web", (5, 80)), ("redis:6", (999, 6)), ("1:2", (1, 2))],
)
def test_owners(text: str, ids: "tuple[int, int]") -> None:
    assert Owner.parse("files", "/x", text).resolve("files", "/x", ACCOUNTS) == ids


@pytest.mark.parametrize("text", ["redis", "", ":", "a:", ":a", "a:b:c", "a b:c", "-1:0", 5])
def test_bad_owners(text: object) -> None:
    with pytest.raises(LadingError) as error:
        Owner.parse("files", "/x", text)
    assert f"`files` gives '/x' the owner {text!r}. Write a user and a group" in str(error.value)


def test_ids_end() -> None:
    with pytest.raises(LadingError, match="the highest id is 2147483647"):
        Owner.parse("files", "/x", "2147483648:0")


@pytest.mark.parametrize(
    "text, reason",
    [
        ("web:web", "`files` gives '/x' to 'web', but the image has no such user. Declare it in"),
        ("redis:redis", "the image has no such group. Declare it in `groups`"),
    ],
)
def test_unknown_names(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        Owner.parse("files", "/x", text).resolve("files", "/x", ACCOUNTS)
    assert reason in str(error.value)
