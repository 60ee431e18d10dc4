"""The catalog's row of a source: one more output, and never in the way of the others."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from catalog.errors import CatalogBusyError
from catalog.row import Row, id_of
from catalog.sqlite import SqliteCatalog
from storage.address import Address
from tests.service.events.support import JPEG, OTHER, OUTPUTS, PNG, Scene, mark, version, versions


@pytest.fixture
def listed(scene: Scene, tmp_path: Path) -> Scene:
    scene.catalog = SqliteCatalog(tmp_path / "catalog.sqlite")
    return scene


def row(scene: Scene, source: Address) -> Row | None:
    assert scene.catalog
    return scene.catalog.get(id_of(str(source)), hidden=True)


def test_a_row_tells_of_the_outputs(listed: Scene) -> None:
    source = listed.put("x/a.jpg", JPEG)
    listed.handle(source)
    found = row(listed, source)
    assert found
    assert (found.state, found.version, found.width, found.height) == ("ready", version(listed, source), 96, 64)
    assert {one.url: one.version for one in found.outputs} == {
        str(listed.at("out", key)): stat for key, stat in versions(listed).items()
    }
    assert listed.handle(source).outcome == "done"
    assert listed.count("read", "write") == 0
    assert row(listed, source) == found


def test_a_row_follows_its_source(listed: Scene) -> None:
    source = listed.put("x/a.jpg", JPEG)
    listed.handle(source)
    listed.put("x/a.jpg", OTHER)
    listed.handle(source)
    found = row(listed, source)
    assert found
    assert (found.width, found.version) == (80, version(listed, source))
    listed.put("x/a.jpg", b"no picture")
    listed.handle(source)
    assert row(listed, source) is None
    listed.put("x/a.jpg", JPEG)
    listed.handle(source)
    assert row(listed, source)
    listed.remove(source)
    listed.handle(source)
    assert row(listed, source) is None


def test_a_catalog_that_fails_loses_no_outputs(listed: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    source = listed.put("x/a.jpg", JPEG)
    working = listed.catalog
    assert working

    class Down:
        def __getattr__(self, name: str) -> Any:
            raise CatalogBusyError("busy")

    listed.catalog = Down()  # type: ignore[assignment]
    assert listed.handle(source).outcome == "again"
    assert listed.keys("out") == OUTPUTS
    listed.catalog = working
    assert listed.handle(source).outcome == "done"
    assert listed.count("write") == 0
    assert row(listed, source)


def test_an_upload_without_a_rule_is_catalogued(listed: Scene) -> None:
    source = listed.put("up/a.png", PNG, bucket="results")
    assert listed.handle(source).code == "no_rule"
    assert row(listed, source) is None
    assert listed.catalog
    made = listed.put("x/a.jpg", JPEG)
    listed.handle(made)
    found = row(listed, made)
    assert found
    listed.catalog.put(msgspec.structs.replace(found, id=id_of(str(source)), source=str(source), state="pending"))
    assert listed.handle(source).outcome == "done"
    ready = row(listed, source)
    assert ready
    assert (ready.state, ready.format, ready.outputs) == ("ready", "png", ())


@pytest.mark.parametrize("state", ["pending", "deleting"])
def test_a_row_that_is_not_ours_to_end(listed: Scene, state: Any) -> None:
    source = listed.put("x/a.jpg", JPEG)
    listed.handle(source)
    found = row(listed, source)
    assert found
    assert listed.catalog
    listed.catalog.put(msgspec.structs.replace(found, state=state))
    listed.remove(source)
    assert listed.handle(source).outcome == "done"
    left = row(listed, source)
    assert left
    assert left.state == state


def test_a_row_that_is_being_deleted_is_waited_for(listed: Scene) -> None:
    source = listed.put("x/a.jpg", JPEG)
    listed.handle(source)
    found = row(listed, source)
    assert found
    assert listed.catalog
    listed.catalog.put(msgspec.structs.replace(found, state="deleting"))
    listed.put("x/a.jpg", OTHER)
    assert listed.handle(source).code == "row_deleting"
    assert {mark(listed, key) for key in listed.keys("out")} == {version(listed, source)}
