"""A million made rows, and the queries that are asked of them."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from catalog.row import Color, Output, Row, id_of
from catalog.sqlite import SqliteCatalog, writing

START = 1_600_000_000_000
YEAR = 365 * 86_400_000
_BATCH = 50_000

RARE: dict[str, dict[str, Any]] = {
    "a format": {"format": "gif"},
    "a label": {"label": "cat"},
    "a camera, by name": {"camera": "Rare 1", "sort": "name"},
    "a width, by height": {"min_width": 5970, "sort": "height"},
    "a name": {"name": "rare-name-"},
    "4 days of a year, by bytes": {"after": START, "before": START + YEAR // 100, "sort": "-bytes"},
    "one of 10 labels and one of 10 days": {"label": "tenth", "after": START, "before": START + YEAR // 10},
}
"""One row in a hundred matches."""

ANY: dict[str, dict[str, Any]] = {
    "all": {"min_width": 1},
    "all, by name": {"min_width": 1, "sort": "name"},
    "half": {"min_width": 3000},
    "half, the last of its order": {"min_height": 3000, "sort": "-width"},
    "half by label": {"label": "person", "sort": "taken"},
    "a tenth": {"label": "tenth", "sort": "-taken"},
    "a tenth of half": {"label": "person", "before": START + YEAR // 10, "sort": "width"},
    "a thousandth": {"min_width": 5997, "sort": "taken"},
    "a hundred thousandth": {"label": "unicorn"},
    "two halves that share nothing": {"min_width": 3000, "min_height": 3000},
    "a label and a half that share nothing": {"label": "person", "max_width": 2999, "format": "webp"},
    "nothing by name": {"name": "zzz"},
    "names alike in 24 bytes": {"name": "holiday-2024-picture-0000", "sort": "-name"},
    "names alike in 15 bytes": {"name": "holiday-2024-pi", "sort": "-name"},
}


def filled(path: Path, count: int) -> list[str]:
    """Write so many rows, the indexes last: that is faster. Their ids."""
    SqliteCatalog(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA cache_size = -262144")
        indexes = db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'facet'"
        ).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        ids = _rows(db, count)
        for _, statement in indexes:
            db.execute(statement)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return ids


def _rows(db: sqlite3.Connection, count: int) -> list[str]:
    dice, ids = random.Random(1), []
    for first in range(1, count + 1, _BATCH):
        db.execute("BEGIN")
        for number in range(first, min(first + _BATCH, count + 1)):
            row = made(number, dice.random)
            writing.store(db, number, row)
            ids.append(row.id)
        db.execute("COMMIT")
    return ids


def made(number: int, dice: Callable[[], float]) -> Row:
    """A row: landscape or portrait, so that wide ones are never tall; labels, cameras and formats of known shares."""
    source = f"gs://pictures/{number % 997:03}/{number}.jpg"
    landscape = dice() < 0.5
    long, short = 3000 + int(dice() * 3000), 500 + int(dice() * 2000)
    return Row(
        id=id_of(source), source=source, name=_name(number, dice()), version=str(1_700_000_000_000_000 + number),
        width=long if landscape else short, height=short if landscape else long, format=_format(dice(), landscape),
        bytes=int(dice() * 8_000_000), sha256=source.encode().hex()[:64].ljust(64, "0"),
        phash=f"{int(dice() * 2**53) * 2048 % 2**64:016x}",
        colors=tuple(Color(f"{int(dice() * 2**24):06x}", 0.2) for _ in range(5)),
        taken=START + int(dice() * YEAR) if dice() < 0.9 else None, camera=_camera(dice()),
        labels=_labels(dice, landscape), counts={"person": 2, "cat": 1},
        outputs=(Output("small", f"gs://out/{number}-small.webp", "1700000000000000", "ab" * 32),),
        state="ready", added=START + number * 1000, changed=START, revision=f"{number:016x}",
    )  # fmt: skip


def _name(number: int, chance: float) -> str:
    if chance < 0.01:
        return f"rare-name-{number}.jpg"
    return f"IMG_{number:07}.JPG" if chance < 0.5 else f"holiday-2024-picture-{number:07}.jpg"


def _format(chance: float, landscape: bool) -> str:
    if chance < 0.01:
        return "gif"
    return "png" if chance < 0.2 else ("jpeg" if landscape or chance < 0.9 else "webp")


def _camera(chance: float) -> str | None:
    return "Rare 1" if chance < 0.01 else f"Camera {int(chance * 40)}" if chance < 0.8 else None


def _labels(dice: Callable[[], float], landscape: bool) -> tuple[str, ...]:
    chances = {"person": float(landscape), "cat": 0.01, "tenth": 0.1, "dog": 0.2, "car": 0.5, "unicorn": 1e-5}
    return tuple(label for label, share in chances.items() if dice() < share)
