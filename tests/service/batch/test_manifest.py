"""Tables of what was made."""

import csv
import json
from pathlib import Path

import pytest

from catalog.row import StoredOutput
from service.batch.manifest import TableError, write_table
from service.batch.row import BatchRow

ROWS = [
    BatchRow(source="gs://in/a, b.jpg", size=7, outcome="done", version="1", wrote=1, seconds=0.1234567,
        outputs=(StoredOutput("one", "gs://out/a", "2", "ff"), StoredOutput("two", "gs://out/b c", "3", "ee"))),
    BatchRow(source="gs://in/ü.jpg", size=8, outcome="poison", code="damaged", detail="It is «damaged»."),
]  # fmt: skip


def test_json_lines(tmp_path: Path) -> None:
    assert write_table(ROWS, tmp_path / "all.jsonl") == 2
    first, second = (json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines())
    assert first["outputs"][1] == {"name": "two", "url": "gs://out/b c", "version": "3", "digest": "ee"}
    assert (first["seconds"], second["code"], second["detail"]) == (0.123457, "damaged", "It is «damaged».")


def test_csv(tmp_path: Path) -> None:
    assert write_table(iter(ROWS), tmp_path / "all.csv") == 2
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert (first["source"], first["outputs"], second["outcome"]) == (
        "gs://in/a, b.jpg",
        "gs://out/a\ngs://out/b c",
        "poison",
    )


def test_no_rows(tmp_path: Path) -> None:
    assert write_table([], tmp_path / "none.jsonl") == 0
    assert (tmp_path / "none.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all.xls", "must end in one of .jsonl"),
        ("no/all.csv", "cannot be written: No such file or directory"),
        ("file/all.csv", "cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_written(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TableError, match=text):
        write_table(ROWS, tmp_path / name)


def test_parquet_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(TableError, match="needs the package pyarrow"):
        write_table(ROWS, tmp_path / "all.parquet")
    assert list(tmp_path.iterdir()) == []
