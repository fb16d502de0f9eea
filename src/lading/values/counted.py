"""Numbers of things in messages."""


def counted(number: int, noun: str) -> str:
    """For example `1 layer` or `2 layers`, for nouns with a regular plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
