"""The server's catalog: which one is opened, once a process; and a row made of a picture's bytes."""

import multiprocessing
import sys
from pathlib import Path

import pytest

from catalog import Query, Row, StoredOutput, id_of
from catalog.sqlite import SqliteCatalog
from core.errors import DamagedImageError, DarkroomError
from core.identity import sha256
from functions.http import Darkroom
from service import cataloging
from service.settings import Settings
from storage.address import Address
from storage.facts import ObjectMetadata, Stat
from tests.functions.support import picture
from tests.waiting import PATIENCE

ADDRESS = Address("gs", "in", "photos/a b%20.jpg")


def stat(version: str = "7") -> Stat:
    return Stat(address=ADDRESS, version=version, size=1, modified=0.0, about=ObjectMetadata(), checksums={})


def test_a_row_of_a_picture(app: Darkroom) -> None:
    data = picture("png", width=96, height=64)
    made = StoredOutput("small", "gs://out/a.webp", "1", "d")
    row = cataloging.row_of(app.service.processor, ADDRESS, stat(), data, outputs=[made])
    assert (row.id, row.source, row.name) == (id_of(str(ADDRESS)), str(ADDRESS), "a b%20.jpg")
    assert (row.width, row.height, row.format, row.bytes) == (96, 64, "png", len(data))
    assert (row.version, row.sha256, row.outputs, row.state) == ("7", sha256(data), (made,), "ready")
    assert row.phash is not None
    assert len(row.phash) == 16
    assert 1 <= len(row.colors) <= 5


def test_damage_has_no_row(app: Darkroom) -> None:
    data = picture("png")
    with pytest.raises(DamagedImageError):
        cataloging.row_of(app.service.processor, ADDRESS, stat(), data[: len(data) // 2])


def test_limits_hold(app: Darkroom) -> None:
    with pytest.raises(DarkroomError, match="side"):
        cataloging.row_of(app.service.processor, ADDRESS, stat(), picture("png", width=20_000, height=1))


def row(name: str) -> Row:
    return Row(id=id_of(name), source=name, name=name, version="1", width=1, height=1, format="png", bytes=1,
               sha256="0" * 64, state="ready")  # fmt: skip


def at(folder: Path, **values: str) -> Settings:
    return Settings(data=str(folder), **values)  # type: ignore[arg-type]


def test_sqlite_is_opened_once_in_the_data_folder(tmp_path: Path) -> None:
    catalog = cataloging.open_catalog(at(tmp_path / "new"))
    assert isinstance(catalog, SqliteCatalog)
    assert cataloging.open_catalog(at(tmp_path / "new")) is catalog
    assert (tmp_path / "new" / cataloging.FILE).is_file()


@pytest.mark.parametrize("variable", cataloging.CLOUDS)
def test_none_in_a_cloud_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "x")
    assert cataloging.open_catalog(at(tmp_path)) is None
    assert cataloging.open_catalog(at(tmp_path, catalog="sqlite")) is not None


def test_none_where_asked_for(tmp_path: Path) -> None:
    assert cataloging.open_catalog(at(tmp_path, catalog="none")) is None
    assert list(tmp_path.iterdir()) == []


def test_off_where_the_folder_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(cataloging._logger, "warning", said.append)
    (tmp_path / "file").touch()
    assert cataloging.open_catalog(at(tmp_path / "file" / "below")) is None
    assert cataloging.open_catalog(at(tmp_path / "file" / "below")) is None
    assert len(said) == 1
    assert "catalog is off" in said[0]


def _write_as_a_child(folder: Path) -> None:
    catalog = cataloging.open_catalog(at(folder))
    sys.exit(0 if catalog and catalog.put(row("child")) and catalog.get(id_of("parent")) else 1)


def test_a_fork_opens_its_own(tmp_path: Path) -> None:
    catalog = cataloging.open_catalog(at(tmp_path))
    assert catalog
    catalog.put(row("parent"))
    child = multiprocessing.get_context("fork").Process(target=_write_as_a_child, args=(tmp_path,))
    child.start()
    child.join(PATIENCE)
    assert child.exitcode == 0
    assert {found.name for found in catalog.find(Query()).images} == {"parent", "child"}
