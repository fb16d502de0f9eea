"""Text from untrusted sources, for use in messages."""

_LONGEST = 200


def shown(text: str) -> str:
    """Shortened to a length that fits a sentence."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def printable(text: str) -> str:
    """With escapes for characters that could affect a terminal; file names may contain anything."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
