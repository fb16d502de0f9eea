from lading.values.foreign_text import printable, shown


def test_as_much_is_shown_as_a_sentence_takes() -> None:
    assert shown("x" * 200) == "x" * 200
    assert shown("x" * 201) == "x" * 200 + "..."


def test_what_could_change_a_terminal_is_escaped() -> None:
    assert printable("a\x1b[2J\nü\udcff") == "a\\x1b[2J\\nü\\udcff"
