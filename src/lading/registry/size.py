"""Sizes for people."""


def shown_size(size: int) -> str:
    """Such as "12.3 MB"."""
    amount = float(size)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:.3g} GB"
