from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.registry.auth.challenge import Challenge, parse_challenges

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    "header, challenges",
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a b"', [("basic", {"realm": "a b"})]),
        ('BASIC REALM="x"', [("basic", {"realm": "x"})]),
        (
            f'Bearer realm="{REALM}",service="a",scope="repository:a/b:pull,push"',
            [("bearer", {"realm": REALM, "service": "a", "scope": "repository:a/b:pull,push"})],
        ),
        (
            f'bearer   realm = "{REALM}" , service="a"',
            [("bearer", {"realm": REALM, "service": "a"})],
        ),
        # several in one header
        (
            f'Bearer realm="{REALM}",service="a", Basic realm="b"',
            [("bearer", {"realm": REALM, "service": "a"}), ("basic", {"realm": "b"})],
        ),
        ('Negotiate, Basic realm="b"', [("negotiate", {}), ("basic", {"realm": "b"})]),
        ('Negotiate YWJj=, Basic realm="b"', [("negotiate", {}), ("basic", {"realm": "b"})]),
        # quoted quotes, and no quotes where there should be some
        (r'Basic realm="say \"hi\", \\"', [("basic", {"realm": 'say "hi", \\'})]),
        (f"Bearer realm={REALM},service=a", [("bearer", {"realm": REALM, "service": "a"})]),
        # the first of two counts; garbage is skipped
        ('Basic realm="a",realm="b"', [("basic", {"realm": "a"})]),
        (',,"",= Basic ,, realm="b",', [("basic", {"realm": "b"})]),
        ('realm="a"', []),
        ('Basic realm="never closed', [("basic", {})]),
    ],
)
def test_challenges(header: str, challenges: List[Tuple[str, Dict[str, str]]]) -> None:
    found = [(one.scheme, dict(one.parameters)) for one in parse_challenges(header)]
    assert found == challenges


TOKENS = st.text(alphabet="abcXYZ-_.09", min_size=1, max_size=9)
CHALLENGES = st.builds(
    Challenge,
    TOKENS.map(str.lower),
    st.dictionaries(TOKENS.map(str.lower), st.text(max_size=20), max_size=4),
)


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(challenge: Challenge) -> str:
    parameters = ", ".join(
        f"{name}={quoted(value)}" for name, value in challenge.parameters.items()
    )
    return f"{challenge.scheme} {parameters}".strip()


@given(st.lists(CHALLENGES, max_size=4))
def test_what_was_written_is_read(challenges: List[Challenge]) -> None:
    assert list(parse_challenges(", ".join(map(written, challenges)))) == challenges


@given(st.text(alphabet='Basic realm="\\,= \t/x', max_size=80) | st.text(max_size=60))
def test_no_header_is_a_fault(header: str) -> None:
    parse_challenges(header)
