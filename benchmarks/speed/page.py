"""docs/benchmarks.md: each benchmark has its place between two marks, which it alone writes."""

import re
from typing import Iterable

from speed import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


def write(name: str, lines: Iterable[str]) -> None:
    """Put the lines where the page has `<!-- name -->`, up to `<!-- end -->`."""
    text = "\n".join(lines).strip("\n")
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(rf"(?<=<!-- {re.escape(name)} -->\n\n).*?(?=<!-- end -->)", re.DOTALL)
    assert marked.search(page), f"{PAGE} does not say where {name} goes"
    PAGE.write_text(marked.sub(lambda _: f"{text}\n\n", page, count=1), encoding="utf-8")
