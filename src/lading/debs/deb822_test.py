import time

from lading.debs.deb822 import paragraphs


def test_continuation_lines_keep_their_blank() -> None:
    text = "# comment\nA: b\n c\n\td\nE:\n\nA: f\n"
    assert list(paragraphs(text)) == [{"a": "b\n c\n\td", "e": ""}, {"a": "f"}]


def test_a_field_of_many_lines_takes_little_time() -> None:
    begin = time.process_time()
    (fields,) = paragraphs("a: b\n" + " c\n" * 500_000)
    assert time.process_time() - begin < 5
    assert fields["a"].startswith("b\n c\n c")
