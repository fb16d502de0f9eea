"""Numbers of things in messages."""


def counted(number: int, noun: str) -> str:
    """Like `1 layer` and `2 layers`, of a noun whose plural is regular."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
