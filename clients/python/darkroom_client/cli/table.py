"""Tables and lines on stdout: as wide as the terminal, or one row per line into a pipe."""

import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from darkroom_client.cli.common import plain

_WIDE = 1000  # a pipe has no width: rows are not wrapped


class _Pipe(Console):
    """A console that raises BrokenPipeError, for which the command has an exit code; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Re-raise the error that is being handled."""
        raise  # noqa: PLE0704 - rich calls this while it handles a BrokenPipeError


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str] = ()) -> None:
    """Print a table; the columns named in `numbers` are flush right."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        shown.add_column(column, overflow="fold", justify="right" if column in numbers else "left")
    for row in rows:
        shown.add_row(*(Text(plain(value)) for value in row))
    _Pipe(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(shown)


def line(text: str) -> None:
    """Print lines, safe to show."""
    sys.stdout.write("\n".join(map(plain, text.split("\n"))) + "\n")


def cell(value: Any) -> str:
    """A JSON value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    return "" if value is None else str(value)
