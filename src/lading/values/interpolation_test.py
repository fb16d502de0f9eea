import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.values.errors import LadingError
from lading.values.interpolation import references, substitute


@pytest.mark.parametrize(
    "text, found, replaced",
    [
        ("plain", (), "plain"),
        ("{//3rdparty/redis}/bin/x", ("//3rdparty/redis",), "<//3rdparty/redis>/bin/x"),
        ("{//3rdparty/redis:redis}", ("//3rdparty/redis:redis",), "<//3rdparty/redis:redis>"),
        ("{//:root}", ("//:root",), "<//:root>"),
        ("{:redis}/bin", (":redis",), "<:redis>/bin"),
        ("{//a@platform=x,y=1}", ("//a@platform=x,y=1",), "<//a@platform=x,y=1>"),
        ("{//a}:{//b}", ("//a", "//b"), "<//a>:<//b>"),
        # All other braces are literal.
        ('{"a": {"b": 1}}', (), '{"a": {"b": 1}}'),
        ("${HOME} {{.Names}} {}", (), "${HOME} {{.Names}} {}"),
        ("sed {:a;N;ba}", (), "sed {:a;N;ba}"),
        ("${path//a/b}", (), "${path//a/b}"),
        # Doubled braces keep one.
        ("{{//a}}", (), "{//a}"),
        ("{{:a}}", (), "{:a}"),
    ],
)
def test_interpolation(text: str, found: "tuple[str, ...]", replaced: str) -> None:
    assert references(text) == found
    assert substitute(text, lambda address: f"<{address}>") == replaced


@pytest.mark.parametrize(
    "text, reason",
    [
        ("{//3rdparty/redis", "without a `}`"),
        ("{//3rdparty/{x}}", "without a `}`"),
        ("{//}", "which is not an address"),
        ("{//3rdparty redis}", "which is not an address"),
        ("{//a:b:c}", "which is not an address"),
        ("before\n-{//a\nafter", "'-{//a' has"),
    ],
)
def test_bad_interpolation(text: str, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        references(text)
    assert reason in str(error.value) and "{//path/to:target}" in str(error.value)
    with pytest.raises(LadingError, match=re.escape(str(error.value))):
        substitute(text, str)


def test_nix_writes_a_dollar_sign() -> None:
    with pytest.raises(LadingError, match="Write it without the dollar sign: `{//bash}`"):
        references("$(${//bash}/bin/id -u)")
    assert references("$$ {//bash} $") == ("//bash",)


@given(st.text(alphabet="{}/:ab", max_size=20))
def test_substituting_each_address_by_itself_changes_nothing_but_doubled_braces(text: str) -> None:
    try:
        same = substitute(text, lambda address: "{" + address + "}")
    except LadingError:
        return
    assert same.replace("{", "").replace("}", "") == text.replace("{", "").replace("}", "")
    if "{{" not in text:
        assert same == text
