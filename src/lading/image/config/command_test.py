import pytest

from lading.image.config.command import check_command
from lading.values.errors import LadingError


def test_no_argument_has_a_nul() -> None:
    with pytest.raises(LadingError, match="`cmd` has 'a.x00', but no argument can hold a NUL"):
        check_command("cmd", ("x", "a\0"), is_program=False)


def test_an_empty_string_is_no_program_but_may_be_an_argument() -> None:
    with pytest.raises(LadingError, match="`entrypoint` begins with an empty string"):
        check_command("entrypoint", ("", "x"))
    check_command("entrypoint", ("x", ""))
    check_command("cmd", ("",), is_program=False)
