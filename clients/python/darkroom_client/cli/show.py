"""`darkroom filters`, `formats` and `version`: what the server can do, as tables."""

import shlex
from argparse import Namespace
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from darkroom_client import __version__
from darkroom_client.cli.common import Exit, UsageError, connect, plain
from darkroom_client.cli.table import cell, line, table
from darkroom_client.client import Filter
from darkroom_client.errors import BrokenResponseError, DarkroomError, NoServerError


def filters(args: Namespace) -> int:
    """List the filters, or show one."""
    with connect(args) as darkroom:
        known = darkroom.filters()
    if args.name is None:
        table(("name", "kind", "what it does"), ((step["name"], step["kind"], step["summary"]) for step in known))
        line("\nDetails:  darkroom filters NAME")
        return Exit.DONE
    _explain(_named(args.name, known))
    return Exit.DONE


def formats(args: Namespace) -> int:
    """The formats, with their properties."""
    with connect(args) as darkroom:
        answer = darkroom.formats()
    rows = answer.get("formats")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BrokenResponseError("The server's list of formats cannot be read. Is it a Darkroom server?")
    columns = ("format", "files", "read", "written", "animated", "alpha", "options")
    table(columns, map(_format_row, rows))
    line("\nOptions go with -O KEY=VALUE; quality is -q.")
    return Exit.DONE


def _format_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    facts = (cell(row.get(key)) for key in ("name", "extensions", "reads", "writes", "animates", "alpha"))
    return (*facts, ", ".join(row.get("options") or ()))


def version(args: Namespace) -> int:
    """The versions of client and server; a server that does not answer is not a failure here."""
    line(f"client  {__version__}")
    with connect(args) as darkroom:
        try:
            found = ", ".join(f"{key} {cell(value)}" for key, value in darkroom.version().items())
        except NoServerError as error:
            found = f"none answers at {error.address}"
        except DarkroomError as error:
            found = str(error)
    line(f"server  {found}")
    return Exit.DONE


def _named(name: str, known: Sequence[Filter]) -> Filter:
    steps = {step["name"]: step for step in known}
    if name in steps:
        return steps[name]
    guess = get_close_matches(name.lower(), steps, n=1, cutoff=0.5)
    hint = f' Did you mean "{guess[0]}"?' if guess else " `darkroom filters` lists them."
    raise UsageError(plain(f'there is no filter "{name}".{hint}'))


def _explain(step: Filter) -> None:
    line(f"{step['name']} ({step['kind']})\n{step['summary']}\n")
    properties = step["parameters"].get("properties", {})
    defs = step["parameters"].get("$defs", {})
    required = step["parameters"].get("required", [])
    if properties:
        table(
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
        line("")
    if step.get("needs"):
        line(f"needs {' and '.join(step['needs'])}\n")
    line(f"try:  darkroom run {shlex.quote(step['example'])} photo.jpg")


def _default(schema: Mapping[str, Any], *, required: bool) -> str:
    return "(required)" if required else cell(schema.get("default"))


def _values(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """The values of a parameter, from its JSON Schema."""
    if "$ref" in schema:
        return _values(defs.get(str(schema["$ref"]).rpartition("/")[2], {}), defs)
    if "enum" in schema:
        return " | ".join(map(cell, schema["enum"]))
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
    return " ".join(f"{word} {cell(limit)}" for word, limit in limits if limit is not None)
