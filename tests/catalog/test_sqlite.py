"""What SQLite's catalog alone promises: older files, killed writers, several processes, files that are none."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from catalog import Query, Row
from catalog.errors import CatalogBusyError, CatalogError, CatalogTooNewError
from catalog.sqlite import SqliteCatalog, schema
from tests.catalog.support import listed, row
from tests.catalog.writer import KEYS
from tests.conftest import ROOT
from tests.waiting import PATIENCE

GONE = ("-", "True")
"""What the writer says of a row that it removed."""
KILLS = int(os.environ.get("CATALOG_KILLS", "6"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


def writer(path: Path, seed: int, how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.catalog.writer", str(path), str(seed), how]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


# --- schemas --------------------------------------------------------------------------------------------------------


@pytest.fixture
def older(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.executescript((Path(__file__).parent / "schema_1.sql").read_text())
    db.close()
    return path


def names(rows: "list[Row] | tuple[Row, ...]") -> list[str]:
    return [one.name for one in rows]


def test_an_older_file_is_brought_forward(older: Path) -> None:
    catalog = SqliteCatalog(older)
    assert names(listed(catalog, Query(sort="added"))) == ["a.jpg", "Ä.png"]
    assert names(listed(catalog, Query(label="cat"))) == ["a.jpg"]
    assert names(listed(catalog, Query(name="ä", min_width=4000, before=0, format="png"))) == ["Ä.png"]
    assert catalog.find(Query(similar_to="0" * 16)).distances == (8,)
    assert [one.revision for one in catalog.pending(0)] == ["0000000000000002"]
    catalog.put(row(1))
    assert len(listed(catalog, Query())) == 3
    catalog.close()
    assert tables(older) == tables_of_new(older.with_name("new.sqlite"))


def tables(path: Path) -> set[tuple[str, str]]:
    db = sqlite3.connect(path)
    found = {
        (name, " ".join(sql.split()))
        for name, sql in db.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL")
    }
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return found | {("user_version", str(version))}


def tables_of_new(path: Path) -> set[tuple[str, str]]:
    SqliteCatalog(path).close()
    return tables(path)


def test_a_migration_that_fails_changes_nothing(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables(older)

    def fails(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE half (done)")
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, fails))
    with pytest.raises(CatalogError):
        SqliteCatalog(older)
    assert tables(older) == before
    monkeypatch.undo()
    SqliteCatalog(older).close()


def test_several_that_start_at_once_migrate_once(older: Path) -> None:
    processes = [writer(older, seed, "fill") for seed in range(3)]
    said = [process.stdout.readline() for process in processes if process.stdout]
    for process in processes:
        process.kill()
        process.communicate()
    assert all(said)
    catalog = SqliteCatalog(older)
    assert names(listed(catalog, Query(camera="X-T5", name="a.jpg"))) == ["a.jpg"]
    catalog.close()


def test_a_later_file_is_left_alone(path: Path) -> None:
    SqliteCatalog(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    db.close()
    before = tables(path)
    with pytest.raises(CatalogTooNewError):
        SqliteCatalog(path)
    assert tables(path) == before


NO_CATALOG = {
    "text": b"no database at all, but long enough to be looked at as one" * 20,
    "torn": b"SQLite format 3\0" + b"\xff" * 4080,
}


@pytest.mark.parametrize("content", NO_CATALOG.values(), ids=NO_CATALOG)
def test_a_file_that_is_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CatalogError) as caught:
        SqliteCatalog(path)
    assert str(path) not in caught.value.detail
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CatalogError):
        SqliteCatalog(tmp_path / "nowhere" / "catalog.sqlite")


# --- several processes ----------------------------------------------------------------------------------------------


def assert_sound(path: Path) -> dict[str, Row]:
    """The file is whole, and what is found by each way is exactly what is ready. All rows by id."""
    catalog = SqliteCatalog(path)
    rows = {found.id: found for number in range(KEYS) if (found := catalog.get(row(number).id, hidden=True))}
    ready = {key for key, found in rows.items() if found.state == "ready"}
    assert {found.id for found in listed(catalog, Query(limit=7))} == ready
    assert {found.id for found in listed(catalog, Query(min_width=1, limit=7))} == ready
    for label in ("cat", "dog", "$where"):
        having = {key for key in ready if label in rows[key].labels}
        assert {found.id for found in listed(catalog, Query(label=label))} == having
    assert {found.id for found in catalog.pending(0)} == set(rows) - ready
    catalog.close()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (facets,), (numbers,) = (db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("facet", "picture"))
    db.close()
    assert (facets, numbers) == (len(ready), len(rows))
    return rows


def killed(path: Path, seed: int, seconds: float) -> dict[str, tuple[str, str]]:
    """What a writer said of each row, last, until it was killed; a line that was torn does not count."""
    process = writer(path, seed, "churn")
    assert process.stdout
    first = process.stdout.readline()
    time.sleep(seconds)
    process.kill()
    said = first + process.communicate()[0]
    lines = [line.split() for line in said[: said.rfind("\n") + 1].splitlines()]
    assert lines
    return {key: (revision, state) for key, revision, state in lines}


def test_killed_in_the_middle_of_writes(path: Path) -> None:
    """Every write that was acknowledged is there; the one under way is there whole or not at all."""
    dice, expected = random.Random(5), {}
    for seed in range(KILLS):
        expected |= killed(path, seed, dice.uniform(0, 0.5))
        found = {key: (one.revision, one.state) for key, one in assert_sound(path).items()}
        differ = {key for key in {*expected, *found} if expected.get(key, GONE) != found.get(key, GONE)}
        assert len(differ) <= 1, "only the write under way may have taken effect without having been told"
        expected |= {key: found.get(key, GONE) for key in differ}


def test_two_processes_and_a_thread_lose_nothing(path: Path) -> None:
    catalog = SqliteCatalog(path, wait=120)
    catalog.put(row(0, bytes=0))
    processes = [writer(path, seed, "count") for seed in (1, 2)]
    ends = time.monotonic() + PATIENCE
    while any(process.poll() is None for process in processes) and time.monotonic() < ends:
        (seen,) = catalog.find(Query(max_width=65535, name=row(0).name, sort="added", limit=1)).images
        assert 0 <= seen.bytes <= 200
    assert [process.wait(PATIENCE) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()
    found = catalog.get(row(0).id)
    assert found
    assert found.bytes == 200
    assert len(listed(catalog, Query(min_width=1))) == 3
    catalog.close()


def test_a_writer_that_waits_too_long_is_told(path: Path) -> None:
    catalog, other = SqliteCatalog(path, wait=0.05), sqlite3.connect(path, isolation_level=None)
    stored = catalog.put(row(1))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogBusyError):
        catalog.put(row(2))
    assert catalog.find(Query(min_width=1)).images == (stored,)  # readers do not wait
    other.execute("ROLLBACK")
    other.close()
    assert catalog.put(row(2))
    catalog.close()


def test_a_full_or_broken_disk_loses_nothing(path: Path) -> None:
    catalog = SqliteCatalog(path)
    stored = catalog.put(row(1))
    db = catalog._connections.get()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CatalogError):
        all(catalog.put(row(number)) for number in range(2, 400))
    assert stored in listed(catalog, Query(sort="added"))
    db.execute(f"PRAGMA max_page_count = {pages * 100}")
    assert catalog.put(row(1000))
    catalog.close()


def test_after_a_fork(path: Path) -> None:
    """A worker that was forked opens connections of its own."""
    catalog = SqliteCatalog(path)
    catalog.put(row(1))
    assert len(catalog.find(Query(min_width=1)).images) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if catalog.put(row(2)) and len(catalog.find(Query(min_width=1)).images) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert len(catalog.find(Query(min_width=1)).images) == 2
    catalog.close()


def test_threads_read_and_write(path: Path) -> None:
    catalog, wrong = SqliteCatalog(path, wait=60), []

    def work(seed: int) -> None:
        try:
            for number in range(seed * 100, seed * 100 + 20):
                stored = catalog.put(row(number, labels=("cat",)))
                assert stored in listed(catalog, Query(label="cat"))
        except BaseException as error:  # noqa: BLE001 - told to the test
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(listed(catalog, Query(label="cat"))) == 80
    catalog.close()


def test_numbers_of_removed_rows_serve_again(path: Path) -> None:
    """Columns stay as long as the catalog is, however often rows come and go."""
    catalog = SqliteCatalog(path)
    for number in range(50):
        stored = catalog.put(row(number))
        assert catalog.find(Query(max_width=65535)).images == (stored,)
        assert stored
        assert catalog.delete(stored)
    assert len(catalog._finder._columns) <= 2
    catalog.close()


def test_a_file_that_another_process_just_makes_is_waited_for(tmp_path: Path) -> None:
    """SQLite does not wait by itself where a new file is to become WAL and somebody writes to it."""
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, other.execute, ("COMMIT",)).start()
        catalog = SqliteCatalog(path)
        catalog.close()


def test_waiting_for_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CatalogBusyError):
            SqliteCatalog(path, wait=0.2)
