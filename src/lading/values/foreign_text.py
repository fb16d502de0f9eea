"""Text that strangers wrote, in sentences about it."""

_LONGEST = 200


def shown(text: str) -> str:
    """As much of it as a sentence takes."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def printable(text: str) -> str:
    """With escapes for what could change a terminal; names of files may have anything in them."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
