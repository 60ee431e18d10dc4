"""Where judges disagree: who is right, and by which document."""

from fnmatch import fnmatch

VERDICTS: dict[str, str] = {}


def known(name: str) -> str:
    """The verdict on a file; empty where nobody has given one."""
    return next((why for pattern, why in VERDICTS.items() if fnmatch(name, pattern)), "")
