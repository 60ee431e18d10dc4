"""The manifest as a table: one row for each object, as JSON lines, CSV or Parquet. Read and written row by row."""

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from service.batch.row import BatchRow
from service.errors import reason_of

COLUMNS = ("source", "version", "size", "outcome", "code", "detail", "wrote", "attempts", "seconds", "outputs")
_GROUP = 10_000
"""Rows of a row group of Parquet: what is in memory at a time."""


class TableError(ValueError):
    """A table cannot be written; the text is for whoever asked for it."""


def write_table(rows: Iterable[BatchRow], file: Path) -> int:
    """Write a table in the format of the file's extension, and return how many rows it has. TableError."""
    write = _WRITERS.get(file.suffix)
    if write is None:
        raise TableError(f'"{file.name}" must end in one of {", ".join(_WRITERS)}.')
    part = file.with_name(f"{file.name}.part")
    try:
        count = write(map(_record, rows), part)
        part.replace(file)
    except OSError as error:
        raise TableError(f'"{file}" cannot be written: {reason_of(error)}.') from None
    finally:
        with suppress(OSError):
            part.unlink()
    return count


def _record(row: BatchRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    outputs = [{name: getattr(one, name) for name in one.__struct_fields__} for one in row.outputs]
    return {**values, "seconds": round(row.seconds, 6), "outputs": outputs}


def _write_lines(records: Iterator[dict[str, Any]], file: Path) -> int:
    count = 0
    with file.open("wb") as opened:
        for count, record in enumerate(records, 1):  # noqa: B007 - counted
            opened.write(msgspec.json.encode(record) + b"\n")
    return count


def _write_csv(records: Iterator[dict[str, Any]], file: Path) -> int:
    """The outputs are their addresses, one a line: no address has a line feed."""
    count = 0
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, COLUMNS)
        writer.writeheader()
        for count, record in enumerate(records, 1):  # noqa: B007 - counted
            writer.writerow({**record, "outputs": "\n".join(one["url"] for one in record["outputs"])})
    return count


def _write_parquet(records: Iterator[dict[str, Any]], file: Path) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise TableError(
            "Parquet needs the package pyarrow: pip install pyarrow. .jsonl and .csv need nothing."
        ) from None
    text, number = pa.string(), pa.int64()
    output = pa.struct([(name, text) for name in ("name", "url", "version", "digest")])
    kinds = {
        "size": number,
        "wrote": number,
        "attempts": number,
        "seconds": pa.float64(),
        "outputs": pa.list_(output),
    }
    schema = pa.schema([(name, kinds.get(name, text)) for name in COLUMNS])
    count = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(records, _GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            count += len(group)
    return count


_WRITERS: dict[str, Callable[[Iterator[dict[str, Any]], Path], int]] = {
    ".jsonl": _write_lines, ".csv": _write_csv, ".parquet": _write_parquet,
}  # fmt: skip
