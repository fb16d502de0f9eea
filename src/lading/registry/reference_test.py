import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.registry.reference import Reference
from lading.values.errors import LadingError

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    "text, full",
    [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        (f"debian@{DIGEST}", f"docker.io/library/debian@{DIGEST}"),
        (f"debian:12@{DIGEST}", f"docker.io/library/debian:12@{DIGEST}"),
        ("index.docker.io/library/debian:12", "docker.io/library/debian:12"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("[::1]:5000/a:b", "[::1]:5000/a:b"),
        # rules_img#663, rules_oci#215
        ("docker.mycompany.tld:1234/foo", "docker.mycompany.tld:1234/foo:latest"),
        (f"a.example:443/b/c:d@{DIGEST}", f"a.example:443/b/c:d@{DIGEST}"),
    ],
)
def test_names_in_full(text: str, full: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == full
    assert Reference.parse(full) == Reference.parse(str(Reference.parse(full)))


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "`image` is empty"),
        (f"@{DIGEST}", "`image` is empty"),
        ("debian:", "`image` has '', which is not a tag: a tag has 1 to 128"),
        ("debian:-x", "has '-x', which is not a tag"),
        ("debian:" + "x" * 129, "which is not a tag"),
        ("debian:1:2", "has '1:2', which is not a tag"),
        ("debian@", "has the digest ''"),
        ("debian@12", "has the digest '12'"),
        (f"debian@{HEX}", "Write `@sha256:` and 64 lower-case"),
        (f"debian@sha256:{HEX.upper()}", "which is not an image's digest"),
        (f"debian@sha512:{HEX}{HEX}", "which is not an image's digest"),
        (f"debian@{DIGEST}@{DIGEST}", "which is not an image's digest"),
        (f"debian@{DIGEST}:12", "which is not an image's digest"),
        ("Debian", "`image` 'Debian' has upper-case letters"),
        ("a.example/../b", "has the part '..'"),
        ("a.example//b", "has the part ''"),
        ("https://a.example/b", "begins with 'https:', which is not a host name"),
        (f"a.example/{HEX}", "looks like an image id"),
        ("a.example/b/" * 30 + "c", "characters, but registries allow at most 255"),
        ("débian", "has the part 'débian'"),
    ],
)
def test_what_is_no_reference(text: str, reason: str) -> None:
    with pytest.raises(LadingError, match=re.escape(reason)):
        Reference.parse(text)


@given(st.text(alphabet="abA0./:@_-[] \n", max_size=40) | st.text(max_size=20))
def test_any_text_is_a_reference_or_told_to_be_none(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except LadingError:
        return
    assert Reference.parse(str(reference)) == Reference.parse(str(Reference.parse(str(reference))))
    assert re.fullmatch(r"[a-z0-9/._-]+", reference.repository.api_path)
