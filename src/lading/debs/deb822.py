"""Paragraphs of `Field: value` lines, as in control files and apt's `.sources`: deb822(5).

It uses only the standard library.
"""

from typing import Dict, Iterator, List


def paragraphs(text: str) -> Iterator[Dict[str, str]]:
    """The paragraphs, with keys in lower case. Continuation lines keep their leading blank."""
    fields: Dict[str, List[str]] = {}
    key = ""
    for line in text.splitlines() + [""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield {name: "\n".join(lines) for name, lines in fields.items()}
            fields, key = {}, ""
        elif line[0] in " \t" and key:
            fields[key].append(line)
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            fields[key] = [value.strip()]
