"""Both catalogs: SQLite in a file, and MongoDB's protocol served by a real process."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.mongo import MongoCatalog
from catalog.sqlite import SqliteCatalog
from tests.catalog.support import Clock
from tools.emulators import mongo

_NUMBERS = itertools.count()

Open = Callable[[], Catalog]
"""Opens the test's catalog once more, as another process would."""


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URI of FerretDB."""
    with mongo.started() as uri:
        yield uri


@pytest.fixture
def clock() -> Clock:
    """The time as the catalog sees it."""
    return Clock()


@pytest.fixture(params=["sqlite", "mongo"])
def open_catalog(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Open]:
    """Opens one and the same catalog, a new handle each time; all are closed at the end."""
    handles: list[SqliteCatalog | MongoCatalog] = []
    uri = request.getfixturevalue("server") if request.param == "mongo" else ""
    database = f"test{next(_NUMBERS)}"

    def opened() -> Catalog:
        made = MongoCatalog(uri, database, now=clock) if uri else SqliteCatalog(tmp_path / "catalog.sqlite", now=clock)
        handles.append(made)
        return made

    yield opened
    for handle in handles:
        handle.close()


@pytest.fixture
def catalog(open_catalog: Open) -> Catalog:
    """An empty catalog."""
    return open_catalog()
