"""`darkroom filters`, `formats` and `version`: what the server can do, as tables."""

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from darkroom_client import __version__
from darkroom_client.cli.common import Exit, UsageError, connect, plain
from darkroom_client.client import Filter
from darkroom_client.errors import DarkroomError, NoServerError

_WIDE = 1000  # a pipe has no width: rows stay on their lines there


def filters(args: Namespace) -> int:
    """Every filter in a table, or one in full."""
    with connect(args) as darkroom:
        known = darkroom.filters()
    if args.name is None:
        _table(("name", "kind", "what it does"), ((step["name"], step["kind"], step["summary"]) for step in known))
        _line("\nOne in full:  darkroom filters NAME")
        return Exit.DONE
    _explain(_named(args.name, known))
    return Exit.DONE


def formats(args: Namespace) -> int:
    """The formats, with what the server says of each."""
    with connect(args) as darkroom:
        answer = darkroom.formats()
    for heading, rows in answer.items():
        _line(f"{heading}:")
        entries = [
            row if isinstance(row, Mapping) else {"name": row} for row in (rows if isinstance(rows, list) else [rows])
        ]
        columns = list(dict.fromkeys(key for entry in entries for key in entry))
        _table(columns, ([_cell(entry.get(key)) for key in columns] for entry in entries))
    return Exit.DONE


def version(args: Namespace) -> int:
    """Client and server; a server that is not there is no failure here."""
    _line(f"client  {__version__}")
    with connect(args) as darkroom:
        try:
            found = ", ".join(f"{key} {_cell(value)}" for key, value in darkroom.version().items())
        except NoServerError as error:
            found = f"none answers at {error.address}"
        except DarkroomError as error:
            found = str(error)
    _line(f"server  {found}")
    return Exit.DONE


def _named(name: str, known: Sequence[Filter]) -> Filter:
    steps = {step["name"]: step for step in known}
    if name in steps:
        return steps[name]
    guess = get_close_matches(name.lower(), steps, n=1, cutoff=0.5)
    hint = f" Did you mean «{guess[0]}»?" if guess else " `darkroom filters` lists them."
    raise UsageError(plain(f"there is no filter «{name}».{hint}"))


def _explain(step: Filter) -> None:
    _line(f"{step['name']} ({step['kind']})\n{step['summary']}\n")
    properties = step["parameters"].get("properties", {})
    defs = step["parameters"].get("$defs", {})
    required = step["parameters"].get("required", [])
    if properties:
        _table(
            ("parameter", "default", "values", "meaning"),
            (
                (
                    name,
                    _default(schema, required=name in required),
                    _values(schema, defs),
                    schema.get("description", ""),
                )
                for name, schema in properties.items()
            ),
        )
        _line("")
    if step.get("needs"):
        _line(f"needs {' and '.join(step['needs'])}\n")
    _line(f"try:  darkroom run {shlex.quote(step['example'])} photo.jpg")


def _default(schema: Mapping[str, Any], *, required: bool) -> str:
    return "(required)" if required else _cell(schema.get("default"))


def _values(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """What a parameter takes, out of its JSON Schema."""
    if "$ref" in schema:
        return _values(defs.get(str(schema["$ref"]).rpartition("/")[2], {}), defs)
    if "enum" in schema:
        return " | ".join(map(_cell, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_values(option, defs) for option in schema["anyOf"])
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = " or ".join(kind)
    return " ".join(filter(None, (str(kind), _range(schema))))


def _range(schema: Mapping[str, Any]) -> str:
    limits = (
        ("from", schema.get("minimum")),
        ("above", schema.get("exclusiveMinimum")),
        ("to", schema.get("maximum")),
        ("below", schema.get("exclusiveMaximum")),
    )
    return " ".join(f"{word} {_cell(limit)}" for word, limit in limits if limit is not None)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return "" if value is None else str(value)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)


def _line(text: str) -> None:
    sys.stdout.write("\n".join(map(plain, text.split("\n"))) + "\n")
