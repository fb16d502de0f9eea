from xml.etree import ElementTree

from lading.checks.outcome import Outcome
from lading.checks.report import junit_report, text_report

GOOD, BAD = Outcome("file /a"), Outcome("file /b", ("mode: x", "its content:\n    <&>\n    \x01"))


def test_all_that_is_right_is_named() -> None:
    assert text_report([GOOD, Outcome("config cmd")]) == (
        "✓ file /a\n✓ config cmd\n2 checks passed.\n"
    )
    assert text_report([GOOD]).endswith("1 check passed.\n")


def test_only_what_is_wrong_is_told() -> None:
    assert text_report([GOOD, BAD]) == (
        "✗ file /b\n  mode: x\n  its content:\n      <&>\n      \x01\n1 of 2 checks failed.\n"
    )


def test_junit() -> None:
    outcomes = [GOOD, Outcome("<b>\0", ("first", "second & more\x1b"))]
    root = ElementTree.fromstring(junit_report("a:b", outcomes))
    assert (root.tag, root.attrib["tests"], root.attrib["failures"]) == ("testsuite", "2", "1")
    good, bad = root.findall("testcase")
    assert (good.attrib["name"], list(good)) == ("file /a", [])
    failure = bad.find("failure")
    assert failure is not None and bad.attrib["name"] == "<b>?"
    assert (failure.attrib["message"], failure.text) == ("first", "first\nsecond & more?")
