"""The results of an image's checks, for people and for programs that read JUnit's XML."""

import re
from typing import List, Sequence
from xml.etree import ElementTree

from lading.checks.outcome import Outcome
from lading.values.counted import counted

# Characters that XML 1.0 does not allow, even as escapes.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_report(outcomes: Sequence[Outcome]) -> str:
    """All failures, followed by the number of checks; the names of all if none failed."""
    failed = [outcome for outcome in outcomes if not outcome.passed]
    lines: List[str] = []
    for outcome in failed or outcomes:
        lines.append(f"{'✗' if failed else '✓'} {outcome.name}")
        lines += [f"  {line}" for failure in outcome.failures for line in failure.splitlines()]
    count = counted(len(outcomes), "check")
    lines.append(f"{len(failed)} of {count} failed." if failed else f"{count} passed.")
    return "\n".join(lines) + "\n"


def junit_report(suite: str, outcomes: Sequence[Outcome]) -> str:
    """It has no times or hosts: equal results give equal bytes."""
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(outcomes)),
        failures=str(sum(not outcome.passed for outcome in outcomes)),
        errors="0",
        skipped="0",
    )
    for outcome in outcomes:
        name = _NOT_XML.sub("?", outcome.name)
        case = ElementTree.SubElement(root, "testcase", classname=suite, name=name)
        if not outcome.passed:
            text = _NOT_XML.sub("?", "\n".join(outcome.failures))
            ElementTree.SubElement(case, "failure", message=text.splitlines()[0]).text = text
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
