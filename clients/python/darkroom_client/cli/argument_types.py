"""Types of command-line arguments. ArgumentTypeError says what was expected."""

import argparse
from pathlib import Path

from darkroom_client.links import moment

# These have an option of their own, or are parameters of the client's method.
_RESERVED = {"format", "quality", "pipeline", "picture", "pictures", "self"}


def positive(text: str) -> float:
    """Seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got '{text}'")
    return value


def count(text: str) -> int:
    """A whole number from 0."""
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got '{text}'")
    return int(text)


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    value = count(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return value


def option(text: str) -> tuple[str, str]:
    """KEY=VALUE, where the key has no option of its own."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got '{text}'")
    if key in _RESERVED:
        raise argparse.ArgumentTypeError(f"'{key}' cannot be set with -O (see --help)")
    return key, value


def second(text: str) -> tuple[str, Path]:
    """NAME=FILE, where the file exists."""
    name, equals, file = text.partition("=")
    if not name or not equals or name == "file":
        raise argparse.ArgumentTypeError(f"expected NAME=FILE (and a name other than 'file'), got '{text}'")
    if not Path(file).is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{file}'")
    return name, Path(file)


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got '{text}'")
    return value


def until(text: str) -> int:
    """A time in Unix seconds: 30m, 12h or 7d from now, or itself."""
    try:
        return moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def labels(text: str) -> tuple[str, ...]:
    """Labels separated by commas, with _ for each space, as the server writes them."""
    found = tuple("_".join(label.split()) for label in text.split(","))
    if not all(found):
        raise argparse.ArgumentTypeError(f"expected labels separated by commas, got '{text}'")
    return found
