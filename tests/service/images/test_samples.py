"""Sample pictures are added once, marked, and stay away once deleted."""

from pathlib import Path

import pytest

from catalog import Query
from core.limits import Deadline
from service.images import lifecycle
from service.images.samples import add_samples, is_sample
from service.service import Service
from tests.functions.support import picture

SAMPLES = Path(__file__).parents[3] / "functions" / "pages" / "static" / "samples"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    (tmp_path / "outbox").mkdir()
    given = {"data": str(tmp_path / "data"), "files": str(tmp_path), "results": "file://outbox", "catalog": "sqlite"}
    return Service.open({f"DARKROOM_{name.upper()}": value for name, value in given.items()})


def names(service: Service) -> list[str]:
    found = service.catalog().find(Query(limit=200)).images
    assert all(is_sample(row.source, service.storage.results) for row in found)
    return sorted(row.name for row in found)


def add(service: Service) -> None:
    add_samples(service.images(), SAMPLES, service.settings.data_folder())


def test_they_are_added_once_and_can_be_deleted(service: Service) -> None:
    add(service)
    assert names(service) == sorted(path.name for path in SAMPLES.iterdir())
    assert all(row.blurhash for row in service.catalog().find(Query(limit=200)).images)
    for row in service.catalog().find(Query(limit=200)).images:
        lifecycle.delete_image(service.images(), row.id, Deadline(30))
    add(service)
    assert names(service) == []


def test_a_start_that_was_interrupted_is_finished(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lifecycle.store_image

    def dies(*given: object) -> object:
        monkeypatch.setattr(lifecycle, "store_image", whole)
        raise OSError

    monkeypatch.setattr(lifecycle, "store_image", dies)
    add(service)
    assert names(service) == []
    add(service)
    assert names(service) == sorted(path.name for path in SAMPLES.iterdir())


def test_a_gallery_with_pictures_gets_none(service: Service) -> None:
    own = lifecycle.store_image(service.images(), picture(), "own.png", Deadline(30))
    add(service)
    assert [row.id for row in service.catalog().find(Query(limit=200)).images] == [own.id]
    assert not is_sample(own.source, service.storage.results)
    assert not is_sample("file://outbox/images/samples/x", None)
