"""How a table says whether a target is met."""


def mark(met: bool) -> str:
    """✓ or ✗."""
    return "✓" if met else "✗"
