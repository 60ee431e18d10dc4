"""What MongoDB's catalog alone promises: indexes, older documents, lost answers, servers that are not there."""

import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest

from catalog import Query, Row
from catalog.errors import CatalogError, CatalogTooNewError
from catalog.mongo import MongoCatalog
from catalog.mongo.documents import INDEXES, SCHEMA, document_of
from tests.catalog.faults import Proxy, proxied
from tests.catalog.support import listed, row
from tests.conftest import ROOT

DERIVED = ("at", "folded", "schema")
_NUMBERS = itertools.count()


@pytest.fixture
def database() -> str:
    return f"mongo{next(_NUMBERS)}"


@pytest.fixture
def mongo(server: str, database: str) -> Iterator[MongoCatalog]:
    made = MongoCatalog(server, database)
    yield made
    made.close()


def test_indexes_are_made_once(mongo: MongoCatalog, server: str, database: str) -> None:
    MongoCatalog(server, database).close()
    made = {index["name"]: list(index["key"].items()) for index in mongo._rows.list_indexes()}
    assert made.pop("_id_") == [("_id", 1)]
    assert made == INDEXES


def test_older_documents_are_brought_forward(mongo: MongoCatalog, server: str, database: str) -> None:
    """Version 1 had rows alone. One that such a version writes beside us is brought forward at the next start."""
    for number in range(3):
        old = document_of(row(number, name=f"Ä{number}.jpg", revision="1", added=number))
        mongo._rows.insert_one({name: value for name, value in old.items() if name not in DERIVED})
    mongo._client[database]["meta"].update_one({"_id": "catalog"}, {"$set": {"schema": 1}})
    assert listed(mongo, Query(name="ä")) == []
    again = MongoCatalog(server, database)
    assert [one.name for one in listed(again, Query(name="ä", sort="name"))] == ["Ä0.jpg", "Ä1.jpg", "Ä2.jpg"]
    assert {found["schema"] for found in mongo._rows.find()} == {SCHEMA}
    assert mongo._client[database]["meta"].find_one({})["schema"] == SCHEMA  # type: ignore[index]
    again.close()


def test_a_later_database_is_left_alone(mongo: MongoCatalog, server: str, database: str) -> None:
    mongo._client[database]["meta"].update_one({"_id": "catalog"}, {"$set": {"schema": SCHEMA + 1}})
    with pytest.raises(CatalogTooNewError):
        MongoCatalog(server, database)


def test_all_handles_seal_alike(mongo: MongoCatalog, server: str, database: str) -> None:
    for number in range(3):
        mongo.put(row(number))
    cursor = mongo.find(Query(limit=1)).next
    other = MongoCatalog(server, database)
    assert len(other.find(Query(limit=1, cursor=cursor)).images) == 1
    other.close()


ADDRESSES = {
    "nobody listens": "mongodb://127.0.0.1:1/",
    "no URI": "http://127.0.0.1/",
    "nothing": "mongodb://",
}


@pytest.mark.parametrize("uri", ADDRESSES.values(), ids=ADDRESSES)
def test_servers_that_are_not_there(uri: str) -> None:
    with pytest.raises(CatalogError) as caught:
        MongoCatalog(uri, wait=0.3)
    assert "127.0.0.1" not in caught.value.detail


# --- answers lost on their way --------------------------------------------------------------------------------------


class Losing:
    """Loses the answers of the next so many commands of a kind."""

    def __init__(self, proxy: Proxy, name: bytes, times: int = 1) -> None:
        self._name, self._times = name, times
        proxy.lose = self

    def __call__(self, command: bytes) -> bool:
        hit = self._name in command[:64] and self._times > 0
        self._times -= hit
        return hit


@pytest.fixture
def behind(server: str, database: str) -> Iterator[tuple[MongoCatalog, Proxy]]:
    with proxied(server) as proxy:
        made = MongoCatalog(proxy.uri, database, wait=2)
        yield made, proxy
        made.close()


def stored(catalog: MongoCatalog, one: Row, over: str | None = None) -> Row:
    result = catalog.put(one, over)
    assert result
    assert catalog.get(one.id, hidden=True) == result
    return result


@pytest.mark.parametrize("over", [None, ""], ids=["whatever is there", "nothing is there"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_insert_whose_answer_is_lost(behind: tuple[MongoCatalog, Proxy], over: str | None, times: int) -> None:
    catalog, proxy = behind
    Losing(proxy, b"insert", times)
    stored(catalog, row(1), over)
    assert proxy.lost >= 1
    assert catalog._rows.count_documents({}) == 1


def test_a_swap_whose_answer_is_lost(behind: tuple[MongoCatalog, Proxy]) -> None:
    """It took effect, so it must not be told as somebody else's."""
    catalog, proxy = behind
    old = stored(catalog, row(1))
    Losing(proxy, b"update")
    new = stored(catalog, row(1, width=640), over=old.revision)
    assert proxy.lost == 1
    assert catalog.put(row(1), over=old.revision) is None
    Losing(proxy, b"update")
    assert catalog.change(new, "deleting")
    assert proxy.lost == 2


def test_a_delete_whose_answer_is_lost(behind: tuple[MongoCatalog, Proxy]) -> None:
    catalog, proxy = behind
    old = stored(catalog, row(1))
    Losing(proxy, b"delete")
    assert catalog.delete(old)
    assert proxy.lost == 1
    assert not catalog.delete(old)


def test_a_server_that_goes_away(behind: tuple[MongoCatalog, Proxy]) -> None:
    catalog, proxy = behind
    old = stored(catalog, row(1))
    proxy.lose = lambda _: True
    for call in (lambda: catalog.put(row(2)), lambda: catalog.get(old.id), lambda: catalog.find(Query()),
                 lambda: catalog.delete(old), lambda: list(catalog.pending(0))):  # fmt: skip
        with pytest.raises(CatalogError):
            call()
    proxy.lose = lambda _: False
    assert catalog.put(row(3))


IMPORTS = {"the package": "import catalog", "SQLite": "import catalog.sqlite", "MongoDB": "import catalog.mongo"}


@pytest.mark.parametrize("line", IMPORTS.values(), ids=IMPORTS)
def test_pymongo_is_imported_late(line: str) -> None:
    code = f"import sys; {line}; sys.exit(bool({{'pymongo', 'bson', 'storage', 'functions'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
