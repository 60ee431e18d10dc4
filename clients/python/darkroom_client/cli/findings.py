"""Findings, as a table for people and as JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping

from darkroom_client.cli.table import line, table
from darkroom_client.client import PictureFindings
from darkroom_client.findings import Findings, Task

Row = tuple[str, ...]
_OBJECTS = ("label", "score", "x", "y", "width", "height")
_COLUMNS: Mapping[Task, Row] = {"segment": ("label", "share"), "classify": ("label", "score")}
_NUMBERS = {"frame", "share", *_OBJECTS} - {"label"}


def print_json(name: str, seen: PictureFindings) -> None:
    """The server's findings with the picture's name and size: one line, indented on a terminal."""
    shown = {"input": name, "width": seen.width, "height": seen.height, **seen.findings}
    text = json.dumps(shown, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def print_table(seen: PictureFindings, task: Task) -> None:
    """A row for each finding, and below them the number of each label."""
    rows = [(number, row) for number, frame in enumerate(seen.frames) for row in _ROWS.get(task, _objects)(frame)]
    if not rows:
        line("Nothing was found.")
        return
    columns = _COLUMNS.get(task, _OBJECTS)
    if len(seen.frames) > 1:
        table(("frame", *columns), ((str(number), *row) for number, row in rows), _NUMBERS)
    else:
        table(columns, (row for _, row in rows), _NUMBERS)
    if task not in _COLUMNS:
        line(_counted(seen))


def _objects(seen: Findings) -> Iterable[Row]:
    """Boxes in whole pixels; --json has the exact values."""
    return ((found.label, _score(found.score), *(f"{value:.0f}" for value in found.box)) for found in seen.objects)


def _labels(seen: Findings) -> Iterable[Row]:
    return ((found.label, _score(found.score)) for found in seen.labels)


def _shares(seen: Findings) -> Iterable[Row]:
    parts = [part for segment in seen.segments for part in segment.share.items()]
    return ((label, f"{share:.1%}") for label, share in sorted(parts, key=lambda part: -part[1]))


_ROWS: Mapping[Task, Callable[[Findings], Iterable[Row]]] = {"segment": _shares, "classify": _labels}


def _score(score: float) -> str:
    return f"{score:.2f}"


def _counted(seen: PictureFindings) -> str:
    """The number of each label; for an animation, the most in one frame."""
    most: dict[str, int] = {}
    for frame in seen.frames:
        most |= {label: max(count, most.get(label, 0)) for label, count in frame.counts.items()}
    counts = ", ".join(f"{label} {count}" for label, count in most.items())
    return counts if len(seen.frames) == 1 else f"{counts} (most in one of {len(seen.frames)} frames)"
