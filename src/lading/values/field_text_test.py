import subprocess

import pytest

from lading.values.field_text import field_text, unindented

INDENTED_HERE_DOCUMENT = """
    cat <<EOF
    one
      two

    EOF
    echo last
    """


@pytest.mark.parametrize(
    "text, expected",
    [
        ("#!/bin/sh\ntrue\n", "#!/bin/sh\ntrue\n"),
        (
            "\n    #!/bin/sh\n    if x; then\n        y\n    fi\n    ",
            "#!/bin/sh\nif x; then\n    y\nfi\n",
        ),
        ("  \n  a\n\n  b\n", "a\n\nb\n"),
        # After a backslash at the end of the line with the quotes.
        ("    a\n      b\n", "a\n  b\n"),
        # The first line follows the quotes and has no indentation.
        ("a\n  b", "a\n  b"),
        ("a:\n  b: 1\n", "a:\n  b: 1\n"),
        # Only the first of several empty lines.
        ("\n\n  a\n", "\na\n"),
        # Tabs are not spaces.
        ("\n\ta\n\t\tb\n", "a\n\tb\n"),
        ("\n\ta\n    b\n", "\ta\n    b\n"),
        ("\n \ta\n \t b\n", "a\n b\n"),
        # Blank lines keep what exceeds the indentation, and may have less than it.
        ("\n    a\n      \n  \n    b\n", "a\n  \n\nb\n"),
        ("a\n   \nb\n", "a\n   \nb\n"),
        # A text of one line.
        ("", ""),
        ("\n", "\n"),
        ("\n\n", "\n\n"),
        ("  a", "  a"),
        ("  a\n", "  a\n"),
        ("  a\n  ", "  a\n  "),
    ],
)
def test_the_indentation_that_all_lines_have_is_not_the_text_s(text: str, expected: str) -> None:
    assert unindented(text) == expected


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_an_indented_here_document_ends_where_its_author_sees_it_end(shell: str) -> None:
    script = field_text(INDENTED_HERE_DOCUMENT, str)
    result = subprocess.run([shell, "-c", script], stdout=subprocess.PIPE, check=True)
    assert result.stdout == b"one\n  two\n\nlast\n"


def test_addresses_stand_for_their_values() -> None:
    assert field_text("\n  {//a}\n  {{//b}}\n", lambda _: "/store/a") == "/store/a\n{//b}\n"
