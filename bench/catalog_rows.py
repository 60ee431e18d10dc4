"""A million made rows, and the queries that are asked of them."""

import hashlib
import sqlite3
from collections import defaultdict
from contextlib import closing
from itertools import count as count_from
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from catalog.row import PaletteColor, Row, StoredOutput, casefolded
from catalog.sqlite import SqliteCatalog
from catalog.sqlite.facets import packed

START = 1_600_000_000_000
YEAR = 365 * 86_400_000
_BATCH = 50_000

RARE: dict[str, dict[str, Any]] = {
    "a format": {"format": "gif"},
    "a label": {"label": "cat"},
    "a camera, by name": {"camera": "Rare 1", "sort": "name"},
    "a width, by height": {"min_width": 5970, "sort": "height"},
    "a name": {"name": "rare-name-"},
    "4 days of a year, by bytes": {"after": START, "before": START + YEAR // 90, "sort": "-bytes"},
    "one of 10 labels and one of 10 days": {"label": "tenth", "after": START, "before": START + YEAR // 9},
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
    """What `catalog.sqlite.writing` would write row by row, in large batches."""
    dice, ids, codes = np.random.default_rng(1), [], defaultdict[str, int](count_from(1).__next__)
    for first in range(1, count + 1, _BATCH):
        chances = dice.random((min(_BATCH, count + 1 - first), 12)).tolist()
        numbered = [(number, made(number, chance)) for number, chance in enumerate(chances, first)]
        db.execute("BEGIN")
        pictures = ((number, row.id, row.state, row.changed, msgspec.json.encode(row)) for number, row in numbered)
        db.executemany("INSERT INTO picture VALUES (?, ?, ?, ?, ?)", pictures)
        facets = (
            (number, number, row.added, row.at, row.width, row.height, row.bytes, casefolded(row.name),
             *packed(row, codes.__getitem__))
            for number, row in numbered
        )  # fmt: skip
        db.executemany("INSERT INTO facet VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", facets)
        db.execute("COMMIT")
        ids += [row.id for _, row in numbered]
    db.executemany("INSERT INTO word VALUES (?, ?)", [(code, text) for text, code in codes.items()])
    db.execute("UPDATE meta SET value = ? WHERE name = 'seq'", (count,))
    return ids


_PALETTE = tuple(PaletteColor(f"{value:06x}", 0.2) for value in range(0, 2**24, 2**24 // 5))


def made(number: int, chance: list[float]) -> Row:
    """A row: landscape or portrait, so that wide ones are never tall; labels, cameras and formats of known shares."""
    source = f"gs://pictures/{number % 997:03}/{number}.jpg"
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    landscape = chance[0] < 0.5
    long, short = 3000 + int(chance[1] * 3000), 500 + int(chance[2] * 2000)
    return Row(
        id=sha256[:32], source=source, name=_name(number, chance[3]), version=str(1_700_000_000_000_000 + number),
        width=long if landscape else short, height=short if landscape else long, format=_format(chance[4], landscape),
        bytes=int(chance[5] * 8_000_000), sha256=sha256, phash=sha256[32:48], colors=_PALETTE[:5],
        taken=START + int(chance[6] / 0.9 * YEAR) if chance[6] < 0.9 else None, camera=_camera(chance[7]),
        labels=_labels(chance[8:], landscape), counts={"person": 2, "cat": 1},
        outputs=(StoredOutput("small", f"gs://out/{number}-small.webp", "1700000000000000", "ab" * 32),),
        state="ready", added=START + YEAR + number * 1000, changed=START + YEAR, revision=f"{number:016x}",
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


def _labels(chance: list[float], landscape: bool) -> tuple[str, ...]:
    """Half have a person, a tenth `tenth`, a fifth a dog, half a car, one in a hundred a cat, ten of all a unicorn."""
    found = ["person"] if landscape else []
    found += ["cat"] if chance[0] < 0.01 else ["unicorn"] if chance[0] > 1 - 1e-5 else []
    found += ["tenth"] if chance[1] < 0.1 else []
    found += ["dog"] if chance[2] < 0.2 else []
    return (*found, "car") if chance[3] < 0.5 else tuple(found)
