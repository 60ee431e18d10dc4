"""`darkroom explain`: how a picture would be made, and at what cost."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_client.cli.common import Exit, connect
from darkroom_client.cli.table import line, table
from darkroom_client.errors import BrokenResponseError


def explain(args: Namespace) -> int:
    """Ask the server, and print a table or its JSON."""
    source = sys.stdin.buffer.read() if args.input == "-" else args.input
    options = {"format": args.format} if args.format else {}
    with connect(args) as darkroom:
        found = darkroom.explain(source, args.pipeline, pictures=dict(args.picture), **options)
    if args.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return Exit.DONE
    try:
        _show(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenResponseError("The server's explanation cannot be read. Is it a Darkroom server?") from error
    return Exit.DONE


def _show(found: Mapping[str, Any]) -> None:
    table(("step", "size", "ms"), [*_rows(found)], {"ms"})
    for rule in found["rules"]:
        line(f"{rule['rule']}: {rule['did']}")
    frames = f", {found['frames']} frames" if found["frames"] > 1 else ""
    line(f"\nabout {found['ms']:.1f} ms of one core, {found['mib']:.0f} MiB{frames}")


def _rows(found: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    read = found["decoding"]
    scale = f" at 1/{read['scale']}" if read["scale"] > 1 else ""
    steps = [(step["step"], _size(step), f"{step['ms']:.1f}") for step in found["steps"]]
    last = (f"encode {found['format']}", "", f"{found['encoding_ms']:.1f}")
    return [(f"decode{scale}", _size(read), f"{read['ms']:.1f}"), *steps, last]


def _size(of: Mapping[str, Any]) -> str:
    return f"{of['width']}×{of['height']}×{of['channels']}"
